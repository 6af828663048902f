//! Résumés: a profile given out as one, and one taken over into a profile.

use serde_json::Value;

use crate::db::Conn;
use crate::db::lock;
use crate::db::once::once;
use crate::developers::access::{Sight, sight};
use crate::developers::access_store;
use crate::developers::draft::Draft;
use crate::developers::resume::json_resume;
use crate::developers::resume_import::{ResumeImport, plan};
use crate::developers::resume_reading::read;
use crate::developers::resume_words::{JsonResume, ResumeField};
use crate::developers::service::{Developers, locked, resolve, save};
use crate::developers::store;
use crate::kernel::answer::{Answer, Call};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::DeveloperId;
use crate::kernel::principal::Principal;

impl Developers {
    /// Reads a résumé into the developer's own profile, which it creates the first time: fills what is empty, and puts the résumé's
    /// words in place of the fields of `replace`. Without `apply` it only says what it would do.
    ///
    /// # Errors
    /// 403 for others than developers; 412; 422 when the profile that is there breaks a rule by now.
    pub async fn import_resume(&self, call: Call, resume: JsonResume, apply: bool, replace: Vec<ResumeField>) -> Result<Answer> {
        let (user, now) = (call.principal.developer()?, self.clock.now());
        let (catalogue, rates) = (self.skills.catalogue().await?, self.rates.clone());
        let (reading, Call { expected, once: key, .. }) = (read(&resume.0, &catalogue)?, call);
        let effect = move |conn: &mut Conn| {
            lock::user(conn, user)?;
            let current = store::find_by_user(conn, user)?.map(|id| locked(conn, id)).transpose()?;
            let version = current.as_ref().map_or(0, |stored| stored.version);
            expected.check(version)?;
            let before = current.as_ref().map(|stored| stored.profile.clone()).unwrap_or_default();
            let (fields, draft) = plan(&reading, &before, &replace)?;
            let profile = Draft(draft).check(&rates, |text| resolve(&catalogue, text))?;
            let stored = if apply && profile != before { Some(save(conn, user, current, profile.clone(), now)?) } else { None };
            let version = stored.map_or(version, |stored| stored.version);
            let import = ResumeImport {
                applied: apply,
                version,
                fields,
                mapped: reading.mapped.clone(),
                not_understood: reading.not_understood.clone(),
                left_out: reading.left_out.clone(),
                to_complete: reading.to_complete.clone(),
                profile,
            };
            Answer::versioned(version, &import)
        };
        self.db.write(move |conn| once(conn, key.as_ref(), now, &effect)).await
    }

    /// A developer's profile as a JSON Resume, for those to whom it is told who the developer is. A look of others is written down first.
    ///
    /// # Errors
    /// 404 for everybody else.
    pub async fn resume(&self, viewer: Principal, id: DeveloperId) -> Result<Value> {
        let asking = viewer.clone();
        let read = move |conn: &mut Conn| {
            let (stored, contact) = (store::profile(conn, id)?, store::owner(conn, id)?);
            let organization = asking.client().ok();
            let disclosed = organization.map(|organization| access_store::is_disclosed(conn, id, organization)).transpose()?;
            let sight = sight(Some(&asking), stored.user_id, disclosed.unwrap_or_default(), false);
            let told = sight.filter(|sight| *sight == Sight::Disclosed).ok_or_else(Error::not_found);
            told.map(|_| json_resume(&contact.name, contact.email.as_str(), &stored.profile))
        };
        let resume = self.db.read(read).await?;
        self.note_look(&viewer, id).await?;
        Ok(resume)
    }
}
