use super::*;
use crate::study::sample;

const HOSTILE: &str = "name = '</title><script>alert(1)</script>'\nquestion = '\"><img src=x onerror=alert(2)>'\n\
                       [[content]]\nname = '<svg onload=alert(3)>'\n[[content]]\nname = '&amp;'";

#[test]
fn no_word_of_a_scenario_becomes_markup() {
    let study_of = sample::study(HOSTILE);
    let command = "swarmline sim run '</pre><script>alert(4)</script>'";
    let swept = Sweep { key: "<b>".into(), studies: vec![("<i>".into(), study_of.clone())] };
    for page in
        [study(&study_of, command), comparison(&[&study_of, &study_of], command), sweep(&swept, command)]
    {
        for bad in ["<script", "<img", "<svg onload", "</pre><", "<b>", "<i>"] {
            assert!(!page.contains(bad), "{bad}");
        }
        assert!(page.contains("&lt;script&gt;alert(4)"), "the command is shown all the same");
        assert_eq!(page.matches("</title>").count(), page.matches("<title>").count());
    }
}

#[test]
fn a_page_needs_nothing_else() {
    let page = study(&sample::study("question = 'Why?'"), "swarmline sim run x");
    for outside in ["http:", "https:", "<link", "<script", "@import", "src="] {
        let own = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!own.contains(outside), "{outside}");
    }
}

#[test]
fn question_answer_targets_figures_and_command_are_there() {
    let page = study(
        &sample::study("question = 'Why?'\n[expect]\norigin_max = 1.0"),
        "swarmline sim run x --seed 1",
    );
    let order = [
        "<h1>Why?</h1>",
        "Everybody has it",
        "10 peers on one site",
        "✗ missed",
        "Who is done when",
        "nobody can be faster:",
        "What the origin sends",
        "How pieces spread",
        "Messages",
        "swarmline sim run x --seed 1",
    ];
    let places: Vec<_> = order.map(|text| page.find(text).unwrap_or_else(|| panic!("{text}"))).into();
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
}

#[test]
fn every_class_of_a_figure_has_a_style() {
    let page = study(&sample::study(""), "x");
    let css = include_str!("style.css");
    let classes = page.split("class=\"").skip(1).filter_map(|rest| rest.split('"').next());
    for class in classes.flat_map(str::split_whitespace) {
        assert!(css.contains(&format!(".{class}")) || class == "tick", "{class}");
    }
}

#[test]
fn on_a_narrow_screen_a_figure_scrolls_by_itself_and_on_paper_it_fits() {
    let css = include_str!("style.css");
    let (screen, paper) = css.split_once("@media print").unwrap();
    let rule = |css: &str, of: &str| {
        let rule = css.lines().filter_map(|line| line.trim().strip_prefix(of)?.strip_prefix(" {"));
        rule.map(str::to_owned).collect::<String>()
    };
    assert!(rule(screen, "figure").contains("overflow-x: auto"));
    assert!(rule(screen, "figure svg").contains("min-width: 44rem"));
    assert!(rule(paper, "figure").contains("overflow-x: visible"));
    assert!(rule(paper, "figure svg").contains("min-width: 0"));
}

#[test]
fn the_same_study_gives_the_same_page() {
    let page = || study(&sample::study(HOSTILE), "x");
    assert_eq!(page(), page());
}

#[test]
fn a_sweep_has_a_row_and_a_dot_for_each_value() {
    let studies = ["4", "8", "12"].map(|value| (value.to_owned(), sample::study("")));
    let page = sweep(&Sweep { key: "scheduler.degree".into(), studies: studies.into() }, "x");
    assert_eq!(page.matches("<tr><td>").count(), 3);
    assert_eq!(page.matches("class=\"dot\"").count(), 9, "three figures");
}

#[test]
fn a_comparison_has_a_column_for_each_and_ratios() {
    let (a, b) = (sample::study(""), sample::study("strategy = 'rarest-first'"));
    let page = comparison(&[&a, &b], "x");
    assert!(page.contains("unnamed<br>rarest-first") && page.contains("1.000 times"), "{page}");
    assert!(page.contains("line s2"), "two lines in one figure");
}

#[test]
fn a_comparison_has_the_rows_of_all_in_either_order() {
    let (one, two) = (sample::study(""), sample::study("[[content]]\n[[content]]"));
    let labels = |studies: &[&crate::study::Study]| {
        Row::of(studies).into_iter().map(|row| row.label).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(labels(&[&one, &two]), labels(&[&two, &one]));
    let rows = Row::of(&[&one, &two]);
    let last = rows.last().unwrap();
    assert_eq!(last.label, "file-2: time / its own bound");
    assert!(last.metrics[0].is_none() && last.metrics[1].is_some());
    assert_eq!((last.times(0), last.times(1)), (None, None), "there is nothing to compare it with");
    assert_eq!((rows[0].label.as_str(), rows[0].times(1)), ("the last one has it after", Some(1.0)));
    let page = comparison(&[&one, &two], "x");
    assert!(page.contains("<td>file-2: time / its own bound</td><td></td><td>"), "{page}");
}
