//! Serving others when the own file is complete: leaving together is what makes the next comer pay.

use std::time::Duration;

use swarmline_ipc::message::{Event, Progress};

use swarmline_engine::Owner;

use crate::session::Events;
use crate::show::Style;
use crate::values::ServeFor;
use crate::{screen, words};

/// Goes on as long as `serve_for` says, then until no client of this process waits for a download.
///
/// Safe to drop half-way: a signal ends it so.
pub(super) async fn linger(
    events: &mut Events,
    completed: &Progress,
    serve_for: ServeFor,
    owner: &Owner,
    style: Style,
) {
    if let Some(text) = announcement(serve_for, completed.needed)
        && style == Style::People
    {
        screen::note(&text);
    }
    serve(events, completed.needed, serve_for).await;
    owner.clients_served().await;
}

/// What people are told; `None` when it is over at once.
fn announcement(serve_for: ServeFor, needed: bool) -> Option<String> {
    let (most, span) = match serve_for {
        ServeFor::Needed if !needed => return None,
        ServeFor::Span(Duration::ZERO) => return None,
        ServeFor::Forever => return Some("serving other nodes until Ctrl-C".into()),
        ServeFor::Needed => ("at most ", ServeFor::NEEDED_MAX),
        ServeFor::Span(span) => ("", span),
    };
    Some(format!("serving other nodes for {most}{}; Ctrl-C ends it", words::span(span)))
}

async fn serve(events: &mut Events, needed: bool, serve_for: ServeFor) {
    match serve_for {
        ServeFor::Needed if !needed => {}
        ServeFor::Needed => within(ServeFor::NEEDED_MAX, until_unneeded(events)).await,
        ServeFor::Span(span) => within(span, forever(events)).await,
        ServeFor::Forever => forever(events).await,
    }
}

async fn within(span: Duration, serving: impl Future<Output = ()>) {
    let _ = tokio::time::timeout(span, serving).await;
}

/// Takes in what the engine tells until nobody lacks anything, or it has nothing more to tell.
async fn until_unneeded(events: &mut Events) {
    while let Ok(Some(event)) = events.next().await {
        if matches!(event, Event::Completed(Progress { needed: false, .. }) | Event::Failed(_)) {
            return;
        }
    }
}

/// Takes in what the engine tells. It goes on serving also when there is no more to tell of this download.
async fn forever(events: &mut Events) {
    while let Ok(Some(_)) = events.next().await {}
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    fn completed(needed: bool) -> Event {
        Event::Completed(Progress { needed, ..Progress::default() })
    }

    /// Whether it stops serving when this is told and the engine goes on, and how many events it leaves.
    async fn stops(serve_for: ServeFor, needed: bool, told: Vec<Event>) -> (bool, usize) {
        let (sender, receiver) = mpsc::channel(told.len().max(1));
        told.into_iter().for_each(|event| sender.try_send(event).unwrap());
        let mut events = Events::Own(receiver);
        let serving = serve(&mut events, needed, serve_for);
        let stopped = tokio::time::timeout(Duration::from_millis(20), serving).await.is_ok();
        let Events::Own(left) = events else { unreachable!("made above") };
        (stopped, left.len())
    }

    #[tokio::test]
    async fn it_serves_as_long_as_it_is_needed() {
        assert_eq!(stops(ServeFor::Needed, false, Vec::new()).await, (true, 0));
        assert_eq!(stops(ServeFor::Needed, true, Vec::new()).await, (false, 0));
        let told = vec![completed(true), completed(false), completed(true)];
        assert_eq!(stops(ServeFor::Needed, true, told).await, (true, 1));
    }

    #[tokio::test]
    async fn a_span_is_served_whether_it_is_needed_or_not() {
        let ms = |ms| ServeFor::Span(Duration::from_millis(ms));
        assert_eq!(stops(ms(0), true, Vec::new()).await, (true, 0));
        assert_eq!(stops(ms(1), true, vec![completed(true)]).await, (true, 0));
        assert_eq!(stops(ms(60_000), false, vec![completed(false)]).await, (false, 0));
        assert_eq!(stops(ServeFor::Forever, false, vec![completed(false)]).await, (false, 0));
    }

    #[tokio::test]
    async fn a_span_goes_on_when_there_is_no_more_to_tell() {
        for (serve_for, stops) in [(ServeFor::Needed, true), (ServeFor::Forever, false)] {
            let (_, receiver) = mpsc::channel(1);
            let mut events = Events::Own(receiver);
            let serving = serve(&mut events, true, serve_for);
            let stopped = tokio::time::timeout(Duration::from_millis(20), serving).await.is_ok();
            assert_eq!(stopped, stops, "{serve_for:?}");
        }
    }

    #[test]
    fn people_are_told_how_long_unless_it_is_over_at_once() {
        assert_eq!(announcement(ServeFor::Needed, false), None);
        assert_eq!(announcement(ServeFor::Span(Duration::ZERO), true), None);
        let text = announcement(ServeFor::Needed, true).unwrap();
        assert_eq!(text, "serving other nodes for at most 1 min 00 s; Ctrl-C ends it");
    }
}
