//! Values of EDN, as far as histories use it.

use super::value::Value;

/// How deep values may lie in values.
const DEPTH_MAX: usize = 16;

/// A value of EDN; maps only stand at the top of a line.
pub(super) enum Edn {
    Value(Value),
    Map(Vec<(Value, Self)>),
    /// What histories have no use for: a fraction, a set, a number too large.
    Other,
}

/// Reads one plain value, and answers what comes after it.
pub(super) fn read_value(text: &str) -> Result<(Value, &str), String> {
    let mut scanner = Scanner { rest: text };
    match scanner.value(0)? {
        Edn::Value(value) => Ok((value, scanner.rest)),
        Edn::Map(_) | Edn::Other => Err(format!("{} is no value of an operation", clip(text))),
    }
}

/// Reads one value, whatever it is, and answers what comes after it.
pub(super) fn read(text: &str) -> Result<(Edn, &str), String> {
    let mut scanner = Scanner { rest: text };
    let value = scanner.value(0)?;
    scanner.skip();
    Ok((value, scanner.rest))
}

/// The beginning of a text, for messages.
pub(super) fn clip(text: &str) -> String {
    const CHARS_MAX: usize = 40;
    let mut clipped: String = text.chars().take(CHARS_MAX).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    format!("{clipped:?}")
}

struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    /// Skips white space, commas and comments.
    fn skip(&mut self) {
        loop {
            self.rest = self
                .rest
                .trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            match self.rest.strip_prefix(';') {
                Some(comment) => self.rest = comment.split_once('\n').map_or("", |(_, rest)| rest),
                None => return,
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Edn, String> {
        if depth > DEPTH_MAX {
            return Err(format!("more than {DEPTH_MAX} levels deep"));
        }
        self.skip();
        let Some(first) = self.rest.chars().next() else {
            return Err("the line ends where a value must be".to_owned());
        };
        match first {
            '"' => self.text().map(|text| Edn::Value(Value::from(&*text))),
            '[' => self.sequence(']', depth),
            '(' => self.sequence(')', depth),
            '{' => self.map(depth),
            '#' => self.tagged(depth),
            ']' | ')' | '}' => Err(format!("{first:?} stands where a value must be")),
            _ => Ok(self.atom()),
        }
    }

    fn eat(&mut self, first: char) -> bool {
        self.skip();
        let rest = self.rest.strip_prefix(first);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn sequence(&mut self, end: char, depth: usize) -> Result<Edn, String> {
        self.rest = &self.rest[1..];
        let mut list = Some(Vec::new());
        while !self.eat(end) {
            match (self.value(depth + 1)?, &mut list) {
                (Edn::Value(value), Some(list)) => list.push(value),
                (Edn::Value(_), None) | (Edn::Map(_) | Edn::Other, _) => list = None,
            }
        }
        Ok(list.map_or(Edn::Other, |list| Edn::Value(Value::List(list))))
    }

    fn map(&mut self, depth: usize) -> Result<Edn, String> {
        self.rest = &self.rest[1..];
        let mut entries = Vec::new();
        while !self.eat('}') {
            let key = self.value(depth + 1)?;
            let value = self.value(depth + 1)?;
            if let Edn::Value(key) = key {
                entries.push((key, value));
            }
        }
        Ok(Edn::Map(entries))
    }

    /// A set, or a tag whose value stands for itself.
    fn tagged(&mut self, depth: usize) -> Result<Edn, String> {
        self.rest = &self.rest[1..];
        if self.rest.starts_with('{') {
            self.rest = &self.rest[1..];
            while !self.eat('}') {
                self.value(depth + 1)?;
            }
            return Ok(Edn::Other);
        }
        let tag = self.token();
        if tag.is_empty() {
            return Err("a # without a tag".to_owned());
        }
        self.value(depth + 1)
    }

    fn token(&mut self) -> &'a str {
        let ends = |c: char| c.is_whitespace() || ",;\"[](){}".contains(c);
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        token
    }

    fn atom(&mut self) -> Edn {
        let token = self.token();
        let value = match token {
            "nil" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => {
                let digits = token.strip_prefix(['-', '+']).unwrap_or(token);
                if !digits.starts_with(|c: char| c.is_ascii_digit()) {
                    let text = token.strip_prefix(':').unwrap_or(token);
                    return Edn::Value(Value::from(text));
                }
                let digits = token.strip_suffix('N').unwrap_or(token);
                match digits.parse() {
                    Ok(number) => Value::Int(number),
                    Err(_) => return Edn::Other,
                }
            }
        };
        Edn::Value(value)
    }

    fn text(&mut self) -> Result<String, String> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((index, char)) = chars.next() {
            match char {
                '"' => {
                    self.rest = &self.rest[index + 1..];
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                    Some((_, other)) => return Err(format!("\\{other} in a text is not known")),
                    None => break,
                },
                _ => text.push(char),
            }
        }
        Err("a text does not end".to_owned())
    }
}
