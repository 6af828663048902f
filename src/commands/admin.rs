//! `guildhall admin`.

use guildhall::accounts::domain::AccountStatus;
use guildhall::app::App;

use crate::commands::line::AdminCommand;
use crate::commands::plain;

/// Does what is to be done with an account.
pub async fn admin(app: &App, command: AdminCommand) -> anyhow::Result<()> {
    app.prepare(false).await.map_err(plain)?;
    match command {
        AdminCommand::Create { email, name, password_stdin } => {
            anyhow::ensure!(guildhall::kernel::text::is_line(&name), "--name must be one visible line");
            let password = if password_stdin { Some(read_password()?.into()) } else { None };
            let id = app.accounts.create_admin(email, name, password).await.map_err(plain)?;
            println!("{id}");
        }
        AdminCommand::List => {
            for admin in app.accounts.all_admins().await.map_err(plain)? {
                let factor = if admin.second_factor { "second factor" } else { "no second factor" };
                let since = admin.created_at.date();
                println!("{:<9}  {factor:<16}  since {since}  {}  {}", admin.status, admin.email, admin.name);
            }
        }
        AdminCommand::Disable { email } => app.suspensions.disable(email).await.map_err(plain)?,
        AdminCommand::ResetMfa { email } => app.accounts.reset_second_factor(email).await.map_err(plain)?,
        AdminCommand::Enable { email } => app.accounts.set_status(email, AccountStatus::Active).await.map_err(plain)?,
    }
    Ok(())
}

fn read_password() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().read_line(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
