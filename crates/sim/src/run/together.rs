//! Sites that share what the origin can send: all are under way at once, those where something happens run for a short
//! time, and then it is shared out anew. A site that waits or is over costs nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use swarmline_types::MonoTime;

use super::Broken;
use super::crew::{Crew, Reports};
use super::meter::{Meter, Told};
use crate::site::{Pace, Site};

/// How often the origin's rate is shared out anew.
const EPOCH: Duration = Duration::from_millis(50);
/// Epochs after which the sites tell how far they are.
const TELL_EPOCHS: u32 = 64;
/// Sites that one more thread is worth.
const SITES_PER_THREAD: usize = 8;

/// Runs all sites to their end.
pub(super) fn run(crew: &Crew<'_>, egress: f64, meter: &mut Meter<'_>) -> Reports {
    let mut sites: Vec<_> =
        (0..crew.plans.len()).map(|at| Some(Box::new(Under::new(crew.site(at))))).collect();
    let mut dues: BTreeSet<(MonoTime, usize)> =
        sites.iter().flatten().enumerate().map(|(at, under)| (under.due, at)).collect();
    let mut drawing: BTreeSet<usize> = BTreeSet::new();
    let (mut now, mut epochs) = (MonoTime::ZERO, 0u32);
    while let Some((next, _)) = dues.first() {
        let until = (*next).max(now) + EPOCH;
        // Those that are in this turn may begin to draw in it.
        let beginning = dues.iter().take_while(|(due, _)| *due <= until).map(|(_, at)| at);
        let lines = drawing.iter().chain(beginning.filter(|at| !drawing.contains(at)));
        let level = level(lines.filter_map(|at| sites[*at].as_deref()).map(Under::line).collect(), egress);
        for at in &drawing {
            let under = sites[*at].as_mut().expect("every site is in its place between epochs");
            let was = under.due;
            under.grant(level, now);
            if under.due != was {
                dues.remove(&(was, *at));
                dues.insert((under.due, *at));
            }
        }
        let mut turn = Vec::new();
        while let Some((_, at)) = dues.first().filter(|(due, _)| *due <= until).copied() {
            dues.pop_first();
            let mut under = sites[at].take().expect("each site is due once");
            under.grant(level, now);
            turn.push((at, under));
        }
        run_turn(&mut turn, until, crew.threads)?;
        for (at, under) in turn {
            if under.is_over || under.draws == 0 {
                drawing.remove(&at);
            } else {
                drawing.insert(at);
            }
            if !under.is_over {
                dues.insert((under.due, at));
            }
            sites[at] = Some(under);
        }
        now = until;
        epochs += 1;
        if epochs.is_multiple_of(TELL_EPOCHS) {
            let mut all = sites.iter_mut().flatten();
            all.try_for_each(|under| meter.tell(under.told.news(&under.site)))?;
        }
    }
    Ok(sites.into_iter().flatten().map(|under| crew.report(under.site)).collect())
}

fn run_turn(turn: &mut [(usize, Box<Under<'_>>)], until: MonoTime, threads: usize) -> Result<(), Broken> {
    let threads = threads.min(turn.len() / SITES_PER_THREAD);
    if threads < 2 {
        return turn.iter_mut().try_for_each(|(_, under)| under.run(until));
    }
    let each = turn.len().div_ceil(threads);
    let broken = std::thread::scope(|scope| {
        let parts = turn
            .chunks_mut(each)
            .map(|part| scope.spawn(move || part.iter_mut().try_for_each(|(_, under)| under.run(until))));
        let parts: Vec<_> = parts.collect();
        let ended = parts.into_iter().map(|part| part.join());
        ended
            .map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .find_map(Result::err)
    });
    broken.map_or(Ok(()), Err)
}

/// A site under way.
struct Under<'a> {
    site: Site<'a>,
    told: Told,
    is_over: bool,
    /// When something happens next.
    due: MonoTime,
    /// Connections that take something from the origin.
    draws: usize,
    /// Bytes per second that its own line carries.
    own: f64,
    /// Bytes per second that it was given last.
    granted: f64,
}

impl<'a> Under<'a> {
    fn new(site: Site<'a>) -> Self {
        let own = site.wan_rate().unwrap_or(f64::INFINITY);
        let due = site.due().unwrap_or(MonoTime::ZERO);
        Self { site, told: Told::default(), is_over: false, due, draws: 0, own, granted: own }
    }

    fn line(&self) -> Line {
        Line { own: self.own, draws: self.draws.max(1) as f64 }
    }

    /// Each connection gets `level`, as far as the site's line carries it. A site without any gets the share of one, for
    /// those that begin meanwhile.
    fn grant(&mut self, level: f64, now: MonoTime) {
        let share = self.own.min(level * self.line().draws);
        if share.to_bits() != self.granted.to_bits() {
            self.granted = share;
            self.site.grant(share, now);
            self.due = self.site.due().unwrap_or(self.due);
        }
    }

    fn run(&mut self, until: MonoTime) -> Result<(), Broken> {
        self.is_over = self.site.run(until, u64::MAX)? == Pace::Over;
        self.draws = self.site.demand();
        self.due = self.site.due().unwrap_or(until);
        Ok(())
    }
}

/// The line of a site that draws.
#[derive(Clone, Copy)]
struct Line {
    own: f64,
    draws: f64,
}

/// Bytes per second of each connection that its site's line does not hold back further. All get the same, but for sites
/// whose own line carries less: they leave the rest to the others. Infinite if the lines carry no more than `egress`.
fn level(mut lines: Vec<Line>, egress: f64) -> f64 {
    lines.sort_by(|a, b| (a.own / a.draws).total_cmp(&(b.own / b.draws)));
    let mut draws: f64 = lines.iter().map(|line| line.draws).sum();
    let mut left = egress;
    for line in lines {
        if line.own / line.draws > left / draws {
            return left / draws;
        }
        left -= line.own;
        draws -= line.draws;
    }
    f64::INFINITY
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[(f64, f64)], egress: f64) -> f64 {
        level(lines.iter().map(|(own, draws)| Line { own: *own, draws: *draws }).collect(), egress)
    }

    #[test]
    fn lines_that_carry_less_than_the_origin_sends_get_what_they_carry() {
        assert_eq!(of(&[], 10.0), f64::INFINITY);
        assert_eq!(of(&[(4.0, 2.0), (6.0, 1.0)], 10.0), f64::INFINITY);
    }

    #[test]
    fn connections_share_alike_what_narrow_lines_leave() {
        assert_eq!(of(&[(8.0, 1.0), (8.0, 1.0)], 10.0), 5.0);
        // Two connections of one site behind a wide line, and one of another.
        assert_eq!(of(&[(f64::INFINITY, 2.0), (f64::INFINITY, 1.0)], 9.0), 3.0);
        // The narrow one takes 1, and leaves 9 to three connections.
        assert_eq!(of(&[(100.0, 2.0), (1.0, 1.0), (100.0, 1.0)], 10.0), 3.0);
    }
}
