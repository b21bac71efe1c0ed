//! `get` of a small file beside curl, as a user sees it: from the start of the process to its end.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use swarmline_testkit::{Content, TestOrigin};
use swarmline_types::PIECE_SIZE_DEFAULT;

use crate::programs::{curl, curl_is_missing, daemon, swarmline};
use crate::table::{Table, percentile, skipped};
use crate::workshop::Workshop;

pub(crate) fn measure(shop: &Workshop) -> Result<()> {
    let missing = curl_is_missing();
    if let Some(reason) = missing {
        skipped("small beside curl", reason);
    }
    let rounds = if shop.options.smoke { 3 } else { ROUNDS };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let origin = runtime.block_on(TestOrigin::empty());
    let (running, _) = daemon(shop, &shop.empty_dir("small-daemon")?, &[])?;
    let mut table = Table::beside("curl");
    for (name, bytes) in [("64 KiB", 64 << 10), ("1 MiB", 1 << 20)] {
        let (mut alone, mut attached, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..rounds {
            // Another content each time, or the daemon would have it already.
            let content = Content::from(Content::random(round + bytes, bytes).to_vec());
            let path = format!("/{bytes}-{round}");
            origin.put(&format!("{path}.phf"), content.manifest(PIECE_SIZE_DEFAULT).to_phf());
            origin.put(&path, content);
            let url = origin.url_of(&path);
            let fresh = shop.empty_dir("small-alone")?;
            let out = shop.path("small-out");
            let mut own = get(&url);
            own.arg("-o").arg(&out).arg("--state-dir").arg(&fresh);
            own.args(["--discovery", "off", "--listen", "127.0.0.1:0", "--serve-for", "0"]);
            alone.push(wall_ms(&mut own)?);
            std::fs::remove_file(&out)?;
            let mut attach = get(&url);
            attach.arg("-o").arg(&out).arg("--state-dir").arg(shop.path("small-daemon"));
            attached.push(wall_ms(&mut attach)?);
            std::fs::remove_file(&out)?;
            if missing.is_none() {
                theirs.push(wall_ms(&mut curl(&url, &out))?);
                std::fs::remove_file(&out)?;
            }
        }
        for (how, ours) in [("alone", &alone), ("by a running daemon", &attached)] {
            table.line(format!("{name} {how}"), "ms", ours, &theirs);
            let beside = (!theirs.is_empty()).then(|| percentile(&theirs, 90));
            table.line(
                format!("{name} {how}, 90 %"),
                "ms",
                &[percentile(ours, 90)],
                &beside.into_iter().collect::<Vec<_>>(),
            );
        }
    }
    table.print();
    running.stop()
}

fn get(url: &str) -> Command {
    let mut command = swarmline();
    command.args(["get", url, "--quiet"]);
    command
}

fn wall_ms(command: &mut Command) -> Result<f64> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let began = Instant::now();
    let status = command.status().context("cannot start a process")?;
    let wall_ms = began.elapsed().as_secs_f64() * 1e3;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(wall_ms)
}

/// How often each is run.
const ROUNDS: u64 = 31;
