//! From quantities to places in a drawing: where an axis ends, where its ticks stand, what they say.

use std::time::Duration;

use crate::words;

/// What an axis counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unit {
    /// Seconds.
    Time,
    /// Parts of a whole, 0 to 1.
    Share,
    /// Bits per second.
    BitRate,
    /// A plain number.
    Number,
}

/// An axis: from `min` to `max`, with ticks at round numbers.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) ticks: Vec<f64>,
    unit: Unit,
    step: f64,
}

impl Scale {
    /// An axis from 0 that holds `max` and has about `ticks` ticks.
    pub(super) fn from_zero(unit: Unit, max: f64, ticks: usize) -> Self {
        Self::new(unit, 0.0, max, ticks)
    }

    /// An axis that holds both ends and has about `ticks` ticks. What is not a number counts as nothing.
    pub(super) fn new(unit: Unit, min: f64, max: f64, ticks: usize) -> Self {
        let min = if min.is_finite() { min } else { 0.0 };
        let span = if max.is_finite() && max > min { max - min } else { 1.0 };
        let step = round_step(unit, span / ticks.max(1) as f64);
        let first = (min / step).floor();
        // The last tick may stand inside: an axis of time ends with what happened.
        let count = ((min + span) / step - first + 1e-9).floor();
        let ticks: Vec<f64> = (0..=to_count(count)).map(|n| (first + f64::from(n)) * step).collect();
        let end = match unit {
            Unit::Time => min + span,
            _ => ((min + span) / step - 1e-9).ceil() * step,
        };
        let begins = if unit == Unit::Time { min } else { first * step };
        let mut ticks: Vec<f64> = ticks.into_iter().filter(|tick| *tick >= begins - step * 1e-6).collect();
        if unit != Unit::Time && ticks.last().is_none_or(|last| *last < end - step * 0.5) {
            ticks.push(end);
        }
        Self { min: begins, max: end, ticks, unit, step }
    }

    /// The same axis without ticks.
    pub(super) fn without_ticks(self) -> Self {
        Self { ticks: Vec::new(), ..self }
    }

    /// Where a value stands, from 0 to 1; what is outside stands at the end.
    pub(super) fn place(&self, value: f64) -> f64 {
        ((value - self.min) / (self.max - self.min)).clamp(0.0, 1.0)
    }

    /// What a tick says: with as many digits as it takes to tell it from the next.
    pub(super) fn label(&self, value: f64) -> String {
        match self.unit {
            Unit::Number if self.step < 1.0 => told_apart(value, self.step),
            Unit::Share if self.step < 0.01 => format!("{} %", told_apart(value * 100.0, self.step * 100.0)),
            unit => label(unit, value),
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
fn told_apart(value: f64, step: f64) -> String {
    let digits = (-step.log10()).ceil().clamp(0.0, 12.0) as usize;
    let text = format!("{value:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A value of an axis in words.
pub(super) fn label(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Time => short_time(value),
        Unit::Share => format!("{} %", words::number(value * 100.0)),
        Unit::BitRate => words::bit_rate(value),
        Unit::Number => words::number(value),
    }
}

/// `45 s`, `2 min`, `1:30 min`, `3 h`, `1:30 h`.
fn short_time(seconds: f64) -> String {
    let ms = Duration::from_secs_f64(seconds.max(0.0)).as_millis();
    match ms {
        0..60_000 => format!("{} s", words::number(seconds)),
        60_000..3_600_000 if ms.is_multiple_of(60_000) => format!("{} min", ms / 60_000),
        60_000..3_600_000 => format!("{}:{:02} min", ms / 60_000, ms % 60_000 / 1000),
        _ if ms.is_multiple_of(3_600_000) => format!("{} h", ms / 3_600_000),
        _ => format!("{}:{:02} h", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

/// The smallest round step that is not below `least`.
fn round_step(unit: Unit, least: f64) -> f64 {
    let in_time = [60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 21_600.0, 43_200.0];
    if unit == Unit::Time && least > 10.0 {
        let steps = [15.0, 20.0, 30.0].into_iter().chain(in_time);
        let days = (1..).map(|n| f64::from(n) * 86_400.0);
        return steps.chain(days).find(|step| *step >= least).expect("days go on for ever");
    }
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|step| step * power)
        .into_iter()
        .find(|step| *step >= least * 0.999)
        .unwrap_or(power)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
fn to_count(number: f64) -> u32 {
    number.clamp(0.0, TICKS_MAX) as u32
}

/// Most ticks of an axis.
const TICKS_MAX: f64 = 50.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(scale: &Scale) -> String {
        scale.ticks.iter().map(|tick| scale.label(*tick)).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn ticks_stand_at_round_numbers() {
        let number = |max| shown(&Scale::from_zero(Unit::Number, max, 5));
        assert_eq!(number(7.3), "0 | 2 | 4 | 6 | 8");
        assert_eq!(number(1.0), "0 | 0.2 | 0.4 | 0.6 | 0.8 | 1");
        assert_eq!(number(1234.0), "0 | 500 | 1,000 | 1,500");
        assert_eq!(shown(&Scale::from_zero(Unit::Share, 1.0, 4)), "0 % | 50 % | 100 %");
        assert_eq!(
            shown(&Scale::from_zero(Unit::BitRate, 24e6, 5)),
            "0 | 5 Mbit/s | 10 Mbit/s | 15 Mbit/s | 20 Mbit/s | 25 Mbit/s"
        );
    }

    #[test]
    fn neighbours_say_different_things() {
        let near = |unit, min, max| shown(&Scale::new(unit, min, max, 4));
        assert_eq!(near(Unit::Number, 0.998, 1.012), "0.995 | 1 | 1.005 | 1.01 | 1.015");
        assert_eq!(near(Unit::Share, 0.0, 0.0055), "0 % | 0.2 % | 0.4 % | 0.6 %");
    }

    #[test]
    fn time_is_counted_as_people_count_it_and_ends_with_what_happened() {
        let time = |max| Scale::from_zero(Unit::Time, max, 6);
        assert_eq!(shown(&time(107.0)), "0 s | 20 s | 40 s | 1 min | 1:20 min | 1:40 min");
        assert_eq!(shown(&time(0.4)), "0 s | 0.1 s | 0.2 s | 0.3 s | 0.4 s");
        assert_eq!(shown(&time(5400.0)), "0 s | 15 min | 30 min | 45 min | 1 h | 1:15 h | 1:30 h");
        assert_eq!(time(107.0).max, 107.0);
    }

    #[test]
    fn every_value_has_a_place() {
        let scale = Scale::from_zero(Unit::Number, 8.0, 4);
        assert_eq!([scale.place(-1.0), scale.place(4.0), scale.place(9.0)], [0.0, 0.5, 1.0]);
        for odd in [0.0, f64::NAN, f64::INFINITY, -3.0, 1e-12, 1e15] {
            let scale = Scale::from_zero(Unit::Number, odd, 5);
            assert!(scale.max > scale.min && scale.ticks.len() >= 2, "{odd}: {scale:?}");
            assert!(scale.place(odd.max(0.0)).is_finite() || odd.is_nan());
        }
    }
}
