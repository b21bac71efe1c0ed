//! Text on its way into HTML and SVG: nothing that a name contains can become markup.

use std::fmt;

/// A text that is safe between tags and inside quoted attributes.
///
/// Names come from files that somebody else may have written. Besides the five characters that mean something in
/// markup, control characters and those that turn the direction of writing are replaced: they could make a page show
/// something else than it says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' | '\t' => f.write_str(" ")?,
                c if c.is_control() || turns_direction(c) => f.write_str("\u{fffd}")?,
                c => fmt::Write::write_char(f, c)?,
            }
        }
        Ok(())
    }
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A number in a drawing: one digit behind the point, and none where it is 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Px(pub(super) f64);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() + 0.0;
        if tenths % 10.0 == 0.0 {
            write!(f, "{:.0}", tenths / 10.0)
        } else {
            write!(f, "{:.1}", tenths / 10.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_becomes_markup() {
        let hostile = "</title><script>alert('x')</script>\"&\u{202e}\0\n";
        let escaped = Escaped(hostile).to_string();
        assert_eq!(
            escaped,
            "&lt;/title&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;\u{fffd}\u{fffd} "
        );
        assert_eq!(Escaped("Größe 1 × 2").to_string(), "Größe 1 × 2");
    }

    #[test]
    fn numbers_are_short() {
        let shown = |number| Px(number).to_string();
        assert_eq!([shown(1.0), shown(0.25), shown(-0.01), shown(99.96)], ["1", "0.3", "0", "100"]);
    }
}
