//! The machine: what it is, and what else it does meanwhile.

use std::fs::read_to_string;

use anyhow::{Context, Result};

/// Processor, cores, memory and kernel, in one line.
pub(crate) fn description() -> Result<String> {
    let (cpus, memory) = (read_to_string("/proc/cpuinfo")?, read_to_string("/proc/meminfo")?);
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("an unknown processor", |(_, name)| name.trim());
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let gib =
        kib.trim().trim_end_matches(" kB").parse::<f64>().context("/proc/meminfo")? / f64::from(1 << 20);
    let kernel = read_to_string("/proc/sys/kernel/osrelease")?;
    Ok(format!("{model}, {} cores, {gib:.0} GiB, Linux {}", cores(), kernel.trim()))
}

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// CPU time that was used up to some moment, in seconds.
pub(crate) struct Used {
    by_all: f64,
    by_us: f64,
    uptime: f64,
}

impl Used {
    pub(crate) fn by_now() -> Result<Self> {
        let stat = read_to_string("/proc/stat")?;
        let all = numbers(stat.lines().next().unwrap_or_default().trim_start_matches("cpu"));
        // User, nice, system, idle, waiting, interrupts (two), stolen.
        let [user, nice, system, _, _, irq, softirq, stolen, ..] = all[..] else {
            anyhow::bail!("cannot read /proc/stat")
        };
        let own = read_to_string("/proc/self/stat")?;
        // Behind the name: from the 12th field on user and system, then the same of children that have ended.
        let own = numbers(own.rsplit(')').next().unwrap_or_default().trim_start_matches([' ', 'S', 'R']));
        let by_us = own.get(10..14).context("cannot read /proc/self/stat")?.iter().sum::<f64>();
        let uptime = *numbers(&read_to_string("/proc/uptime")?).first().context("/proc/uptime")?;
        let by_all = user + nice + system + irq + softirq + stolen;
        Ok(Self { by_all: by_all / TICKS_PER_S, by_us: by_us / TICKS_PER_S, uptime })
    }

    /// How much of the machine others have used since, in percent: numbers made beside much of it are not worth much.
    /// The kernel's own threads count as others.
    pub(crate) fn by_others_since_percent(&self) -> Result<f64> {
        let now = Self::by_now()?;
        let others = (now.by_all - self.by_all) - (now.by_us - self.by_us);
        Ok(100.0 * others.max(0.0) / ((now.uptime - self.uptime).max(0.01) * cores() as f64))
    }
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map_while(|field| field.parse().ok()).collect()
}

/// Unit of CPU times in `/proc`, the same on all architectures of Linux.
pub(crate) const TICKS_PER_S: f64 = 100.0;
