//! `guildhall config`.

use std::path::Path;

use guildhall::config::layers::Origin;
use guildhall::config::load::load_layers;
use guildhall::config::shown;

use crate::commands::line::ConfigCommand;

/// Prints the settings, or only says whether they are good.
pub fn run(file: Option<&Path>, command: Option<&ConfigCommand>) -> anyhow::Result<()> {
    let (settings, layers) = load_layers(file).map_err(anyhow::Error::msg)?;
    match command {
        None => print!("{}", shown::document(&layers)),
        Some(ConfigCommand::Check) => {
            let own = layers.settings().filter(|(_, setting)| !matches!(setting.origin, Origin::BuiltIn(_))).count();
            println!("the settings are good: {}, {own} of them set here", settings.environment);
        }
    }
    Ok(())
}
