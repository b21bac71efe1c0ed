//! `completion`: scripts that complete the command line in a shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::exit::Exit;
use crate::screen;

/// Print a script that completes swarmline's command line in a shell
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  swarmline completion bash > /usr/share/bash-completion/completions/swarmline
  swarmline completion zsh > ~/.zfunc/_swarmline
  swarmline completion fish > ~/.config/fish/completions/swarmline.fish")]
pub(crate) struct CompletionArgs {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &CompletionArgs) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::args::Cli::command(), "swarmline", &mut script);
    screen::say_bytes(&script);
    Exit::Success
}
