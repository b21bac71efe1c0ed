//! Bytes over time, and what a line must carry for them to flow like that.

use std::time::Duration;

use swarmline_types::MonoTime;

/// Bytes that came between two points in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Flow {
    pub(super) from: MonoTime,
    pub(super) to: MonoTime,
    pub(super) bytes: u64,
}

/// All bytes of some flows, as far as they can be counted: whoever wrote them may have lied.
pub(super) fn sum(flows: &[Flow]) -> u64 {
    flows.iter().fold(0, |sum, flow| sum.saturating_add(flow.bytes))
}

/// Steps in which the rate of a line is measured.
const STEPS: u32 = 200;
/// Shortest step: reports of progress are no closer.
const STEP_MIN: Duration = Duration::from_millis(50);
/// Which of the steps with bytes in them is taken for the line, in percent from the slowest: some are half idle, and a
/// few are fast because what came was told late.
const LINE_PERCENT: usize = 80;

/// What the line carries, in bytes a second; `None` where nothing flowed.
pub(super) fn line_rate(flows: &[Flow]) -> Option<f64> {
    let first = flows.iter().map(|flow| flow.from).min()?;
    let last = flows.iter().map(|flow| flow.to).max()?;
    let step = (last.since(first) / STEPS).max(STEP_MIN);
    let step_us = step.as_micros() as f64;
    let mut steps = vec![0.0; STEPS as usize + 1];
    let place = |at: MonoTime| at.since(first).as_micros() as f64 / step_us;
    for flow in flows {
        let (from, to) = (place(flow.from), place(flow.to));
        spread(&mut steps, from, to, flow.bytes as f64);
    }
    let mut busy: Vec<_> = steps.into_iter().filter(|bytes| *bytes > 0.0).collect();
    busy.sort_by(f64::total_cmp);
    let at = (busy.len().checked_sub(1)? * LINE_PERCENT).div_ceil(100);
    busy.get(at).map(|bytes| bytes / step.as_secs_f64())
}

/// Bytes evenly from one place to another, in steps.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to STEPS")]
fn spread(steps: &mut [f64], from: f64, to: f64, bytes: f64) {
    let last = steps.len() - 1;
    let (begin, end) = ((from as usize).min(last), (to as usize).min(last));
    if begin == end || to <= from {
        steps[end] += bytes;
        return;
    }
    for (at, step) in steps.iter_mut().enumerate().take(end + 1).skip(begin) {
        let inside = (to.min(at as f64 + 1.0) - from.max(at as f64)).max(0.0);
        *step += bytes * inside / (to - from);
    }
}

/// The value that `percent` of all are at most; `None` without any.
pub(super) fn percentile(mut values: Vec<f64>, percent: usize) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let at = (values.len().checked_sub(1)? * percent).div_ceil(100);
    values.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(from_ms: u64, to_ms: u64, bytes: u64) -> Flow {
        Flow { from: MonoTime::from_millis(from_ms), to: MonoTime::from_millis(to_ms), bytes }
    }

    #[test]
    fn a_line_that_is_busy_is_known_by_what_it_carried() {
        // Two answers share 2.5 MB/s for four seconds.
        let flows: Vec<_> =
            (0..40).flat_map(|step| [flow(step * 100, step * 100 + 100, 125_000); 2]).collect();
        let rate = line_rate(&flows).unwrap();
        assert!((2.4e6..2.6e6).contains(&rate), "{rate}");
    }

    #[test]
    fn pauses_do_not_make_a_line_slow() {
        let flows: Vec<_> = (0..20).map(|step| flow(step * 1000, step * 1000 + 500, 500_000)).collect();
        let rate = line_rate(&flows).unwrap();
        assert!((0.9e6..1.1e6).contains(&rate), "{rate}");
    }

    #[test]
    fn nothing_is_no_line() {
        assert_eq!(line_rate(&[]), None);
        assert_eq!(percentile(vec![], 90), None);
        assert_eq!(percentile(vec![3.0, 1.0, 2.0], 50), Some(2.0));
    }
}
