//! Offers whose mail reaches nobody: whoever sent one hears of it.

use crate::accounts::store as accounts;
use crate::db::Conn;
use crate::kernel::clock::Instant;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::TrialId;
use crate::notifications::domain::{Letter, LetterKind};
use crate::notifications::outbox::NewMail;
use crate::notifications::store::{enqueue, undeliverable};
use crate::trials::model::Viewer;
use crate::trials::neighbors::Cast;
use crate::trials::notices::Recipient;
use crate::trials::service::Trials;
use crate::trials::{mails, store};

/// The mails that ask the other party for a signature.
const ASKING: [LetterKind; 3] = [LetterKind::TrialOffer, LetterKind::TrialCountered, LetterKind::TrialRevised];

impl Trials {
    /// Tells the senders of offers that were given up by the mailer, each once; says how many there were.
    ///
    /// # Errors
    /// 503 when the database is down.
    pub async fn tell_undelivered(&self) -> Result<usize> {
        let lost = |conn: &mut Conn| undeliverable(conn, &ASKING, LetterKind::TrialOfferUndeliverable);
        let lost = self.db.read(lost).await?;
        let (count, now) = (lost.len(), self.clock.now());
        if count > 0 {
            let this = self.clone();
            let tell = move |conn: &mut Conn| {
                lost.iter().try_for_each(|(kind, subject, anchor)| this.tell_sender(conn, *kind, subject, anchor, now))
            };
            self.db.write(tell).await?;
            self.mail.wake();
        }
        Ok(count)
    }

    fn tell_sender(&self, conn: &mut Conn, kind: LetterKind, subject: &str, anchor: &str, now: Instant) -> Result<()> {
        let id: TrialId = subject.parse().map_err(|_| Error::internal(format!("a mail about `{subject}`")))?;
        let contract = store::contract(conn, id, Viewer::Admin)?;
        let cast = Cast::of(conn, &contract.trial)?;
        let (who, people) = match kind {
            LetterKind::TrialCountered => (Recipient::Developer, cast.people(Recipient::Developer).to_vec()),
            _ => (Recipient::Client, vec![accounts::recipient(conn, contract.trial.offered_by)?]),
        };
        let letter = Letter::TrialOfferUndeliverable { trial: mails::summary(&contract, &cast.names, who, &self.rules) };
        people.into_iter().try_for_each(|person| enqueue(conn, now, &NewMail::now(letter.clone(), id, anchor, person)))
    }
}
