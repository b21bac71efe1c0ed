//! One misbehaviour of the origin after the other, and what each is called.

use swarmline_origin::{Answer, Phase};
use swarmline_testkit::{Content, Fault, TestOrigin};

use super::*;

const LEN: u64 = 1000;

async fn origin_with(faults: impl IntoIterator<Item = Fault>) -> (TestOrigin, Content) {
    let content = Content::random(1, LEN);
    let origin = TestOrigin::start(content.clone()).await;
    faults.into_iter().for_each(|fault| origin.inject("/file", fault));
    (origin, content)
}

/// What a fetch of 100 bytes fails with.
async fn failure(faults: impl IntoIterator<Item = Fault>) -> FetchError {
    let (origin, _) = origin_with(faults).await;
    hundred(&client(), &origin).await.expect_err("the fault shows")
}

/// What a fetch of everything fails with.
async fn failure_of_whole(faults: impl IntoIterator<Item = Fault>) -> FetchError {
    let (origin, _) = origin_with(faults).await;
    whole(&client(), &origin).await.expect_err("the fault shows")
}

/// What the origin at `/file` is known as before anything changes.
async fn known(origin: &TestOrigin) -> Version {
    client().probe(&url(&origin.url())).await.unwrap().version
}

#[tokio::test]
async fn a_status_is_told_with_its_range() {
    for (status, transient) in
        [(403, false), (404, false), (410, false), (429, true), (500, true), (503, true)]
    {
        let error = failure([Fault::status(status)]).await;
        assert_eq!((error.status(), error.is_transient()), (Some(status), transient), "{error}");
        assert!(error.to_string().contains("bytes 100-199"), "{error}");
        assert_eq!(error.retry_after(), None);
    }
    let (origin, _) = origin_with([]).await;
    origin.remove("/file");
    assert_eq!(whole(&client(), &origin).await.unwrap_err().status(), Some(404));
}

#[tokio::test]
async fn a_wanted_pause_is_told_and_bounded() {
    for (text, pause) in [("7", Some(7)), ("0", Some(0)), ("999999", Some(3600)), ("soon", None)] {
        let error = failure([Fault::Status { status: 503, retry_after: Some(text.into()) }]).await;
        assert_eq!(error.retry_after(), pause.map(Duration::from_secs), "{text}");
    }
}

#[tokio::test]
async fn an_attempt_is_not_repeated() {
    let (origin, content) = origin_with([]).await;
    for fault in [Fault::status(503), Fault::CloseBeforeHeaders, Fault::CloseAfter(10)] {
        let before = origin.counts("/file").requests;
        origin.inject("/file", fault.clone().first(1));
        hundred(&client(), &origin).await.expect_err("the fault shows");
        assert_eq!(origin.counts("/file").requests, before + 1, "{fault:?}");
        assert_eq!(hundred(&client(), &origin).await.unwrap(), content.slice(100, 100));
    }
}

#[tokio::test]
async fn silence_is_a_timeout_that_names_its_phase() {
    for (fault, want) in [
        (Fault::HangBeforeHeaders, Phase::Head),
        (Fault::HangAfter(0), Phase::Body),
        (Fault::HangAfter(40), Phase::Body),
    ] {
        let (origin, _) = origin_with([fault.clone()]).await;
        let patient = Duration::from_secs(30);
        let error = tokio::time::timeout(patient, hundred(&impatient(), &origin)).await.unwrap().unwrap_err();
        assert!(matches!(error, FetchError::Timeout { phase, .. } if phase == want), "{fault:?}: {error}");
        assert!(error.is_transient());
        // The silent connection was closed, not kept for the next fetch.
        origin.until_idle("/file").await;
    }
}

#[tokio::test]
async fn the_bytes_before_the_silence_are_given() {
    let (origin, content) = origin_with([Fault::HangAfter(40)]).await;
    let mut fetch = impatient().fetch(request(&origin, Some(range(100, 200)))).await.unwrap();
    let mut got = Vec::new();
    let error = loop {
        match fetch.next().await {
            Ok(bytes) => got.extend_from_slice(&bytes.expect("it does not end well")),
            Err(error) => break error,
        }
    };
    assert_eq!(got, content.slice(100, 40));
    assert!(matches!(error, FetchError::Timeout { after: SILENCE, .. }), "{error}");
}

#[tokio::test]
async fn a_connection_that_closes_without_a_word_is_broken() {
    let error = failure([Fault::CloseBeforeHeaders]).await;
    assert!(matches!(error, FetchError::Broken { got: 0, .. }) && error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn a_short_answer_is_an_error_in_every_framing() {
    for framing in [None, Some(Fault::Chunked), Some(Fault::NoLength)] {
        for sent in [0, 1, 99] {
            let error = failure(framing.clone().into_iter().chain([Fault::CloseAfter(sent)])).await;
            assert!(
                matches!(error, FetchError::Short { want: 100, got } if got == sent),
                "{framing:?}: {error:?}"
            );
            assert!(error.is_transient());
        }
    }
    let error = failure_of_whole([Fault::CloseAfter(999)]).await;
    assert!(matches!(error, FetchError::Short { want: LEN, got: 999 }), "{error:?}");
}

#[tokio::test]
async fn a_chunked_file_of_unknown_length_that_breaks_is_no_success() {
    let error = failure_of_whole([Fault::Chunked, Fault::CloseAfter(999)]).await;
    assert!(matches!(error, FetchError::Broken { got: 999, .. }), "{error:?}");
}

#[tokio::test]
async fn a_known_length_shows_that_a_connection_closed_early() {
    let (origin, _) = origin_with([Fault::NoLength, Fault::CloseAfter(999)]).await;
    let known = Version { validator: None, len: Some(LEN) };
    let fetch = client().fetch(FetchRequest { known, ..request(&origin, None) }).await.unwrap();
    assert_eq!(fetch.answer(), Answer::Whole { len: None });
    let error = read(fetch).await.unwrap_err();
    assert!(matches!(error, FetchError::Short { want: LEN, got: 999 }), "{error:?}");
}

#[tokio::test]
async fn a_wrong_length_of_a_range_is_seen_before_its_first_byte() {
    let (origin, _) = origin_with([Fault::LengthOff(1)]).await;
    let error = client().fetch(request(&origin, Some(range(100, 200)))).await.unwrap_err();
    assert!(matches!(error, FetchError::Long { want: 100 }), "{error:?}");

    let (origin, _) = origin_with([Fault::LengthOff(-1)]).await;
    let error = client().fetch(request(&origin, Some(range(100, 200)))).await.unwrap_err();
    assert!(matches!(error, FetchError::Short { want: 100, got: 99 }), "{error:?}");
}

#[tokio::test]
async fn a_wrong_length_of_a_whole_file_is_seen_when_it_shows() {
    let error = failure_of_whole([Fault::LengthOff(10)]).await;
    assert!(matches!(error, FetchError::Short { want: 1010, got: LEN }), "{error:?}");

    // Bytes behind the announced end belong to no answer. Only who knows the length sees that some are missing.
    let (origin, content) = origin_with([Fault::LengthOff(-10)]).await;
    assert_eq!(whole(&client(), &origin).await.unwrap(), content.slice(0, 990));
    let known = Version { validator: None, len: Some(LEN) };
    let error = client().fetch(FetchRequest { known, ..request(&origin, None) }).await.unwrap_err();
    assert!(matches!(error, FetchError::Changed { .. }), "{error:?}");
}

#[tokio::test]
async fn no_byte_more_than_asked_for_is_given() {
    let (origin, _) = origin_with([Fault::Chunked, Fault::Excess(1)]).await;
    let mut fetch = client().fetch(request(&origin, Some(range(100, 200)))).await.unwrap();
    let mut got = 0;
    let error = loop {
        match fetch.next().await {
            Ok(bytes) => got += bytes.expect("it does not end well").len(),
            Err(error) => break error,
        }
    };
    assert!(got <= 100, "{got} bytes were given");
    assert!(matches!(error, FetchError::Long { want: 100 }) && !error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn another_range_than_the_one_asked_for_is_an_error() {
    for forged in [
        Some("bytes 0-99/1000"),
        Some("bytes 100-198/1000"),
        Some("bytes 100-200/1000"),
        Some("bytes 101-200/1000"),
        Some("bytes */1000"),
        Some("all of it"),
        None,
    ] {
        let error = failure([Fault::ContentRange(forged.map(str::to_owned))]).await;
        let FetchError::ContentRange { want, got } = &error else { panic!("{forged:?}: {error:?}") };
        assert_eq!((*want, got.as_deref()), (range(100, 200), forged));
        assert!(!error.is_transient());
    }
    let (origin, content) = origin_with([Fault::ContentRange(Some("bytes 100-199/*".into()))]).await;
    assert_eq!(hundred(&client(), &origin).await.unwrap(), content.slice(100, 100));
}

#[tokio::test]
async fn a_changed_file_is_never_mixed_with_the_old_one() {
    // Whichever validator the origin gives, and whether or not it understands If-Range.
    let given = [vec![], vec![Fault::NoEtag], vec![Fault::WeakEtag]];
    for faults in
        given.into_iter().flat_map(|given| [given.clone(), [given, vec![Fault::IgnoreIfRange]].concat()])
    {
        let (origin, content) = origin_with(faults.clone()).await;
        let known = known(&origin).await;
        assert!(known.validator.is_some());
        let same = FetchRequest { known: known.clone(), ..request(&origin, Some(range(100, 200))) };
        assert_eq!(read(client().fetch(same.clone()).await.unwrap()).await.unwrap(), content.slice(100, 100));

        origin.put("/file", Content::random(2, LEN));
        let error = client().fetch(same).await.unwrap_err();
        let FetchError::Changed { old, new } = &error else { panic!("{faults:?}: {error:?}") };
        assert_eq!(**old, known);
        assert!(new.validator.is_some() && new.validator != old.validator, "{new}");
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn another_length_is_a_change_whatever_the_status() {
    // 206 cut at the new end, 206 as before, 416, 200: each tells the new length.
    for (len, faults) in [(150, vec![]), (2000, vec![]), (50, vec![]), (150, vec![Fault::IgnoreRange])] {
        let (origin, _) = origin_with([Fault::NoEtag, Fault::NoLastModified]).await;
        let known = known(&origin).await;
        assert_eq!(known, Version { validator: None, len: Some(LEN) });
        faults.iter().for_each(|fault| origin.inject("/file", fault.clone()));
        origin.put("/file", Content::random(1, len));
        let request = FetchRequest { known, ..request(&origin, Some(range(100, 200))) };
        let error = client().fetch(request).await.unwrap_err();
        let FetchError::Changed { new, .. } = &error else { panic!("{len}: {error:?}") };
        assert_eq!(new.len, Some(len), "{faults:?}");
    }
}

#[tokio::test]
async fn a_range_behind_the_end_is_a_status_to_who_knows_no_length() {
    let (origin, _) = origin_with([]).await;
    let error = client().fetch(request(&origin, Some(range(LEN, LEN + 1)))).await.unwrap_err();
    assert_eq!(error.status(), Some(416), "{error:?}");
}

#[tokio::test]
async fn a_coded_body_is_refused() {
    for fetched in [
        failure([Fault::Encoding("gzip".into())]).await,
        failure_of_whole([Fault::Encoding("gzip".into())]).await,
    ] {
        assert!(matches!(&fetched, FetchError::Encoding { encoding } if encoding == "gzip"), "{fetched:?}");
        assert!(!fetched.is_transient());
    }
    let (origin, content) = origin_with([Fault::Encoding("Identity".into())]).await;
    assert_eq!(hundred(&client(), &origin).await.unwrap(), content.slice(100, 100));
}

#[tokio::test]
async fn what_is_not_http_is_told_apart_from_a_broken_network() {
    let error = failure([Fault::Garbage]).await;
    assert!(matches!(error, FetchError::Protocol { .. }) && !error.is_transient(), "{error:?}");
}
