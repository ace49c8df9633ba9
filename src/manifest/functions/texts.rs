//! Functions of texts. Pure.

use super::super::limits;
use super::super::node::Value;
use super::super::operators::number;
use super::Answer;
use super::Refused;
use super::text;
use std::rc::Rc;

pub(super) fn texts(name: &str, values: &[&Value]) -> Option<Answer> {
    use Value::Text;
    Some(match (name, values) {
        ("lower", [Text(t)]) => Ok(text(t.to_lowercase())),
        ("upper", [Text(t)]) => Ok(text(t.to_uppercase())),
        ("title", [Text(t)]) => Ok(text(title(t))),
        ("trimspace", [Text(t)]) => Ok(text(t.trim())),
        ("trimprefix", [Text(t), Text(p)]) => Ok(text(t.strip_prefix(&**p).unwrap_or(t))),
        ("trimsuffix", [Text(t), Text(p)]) => Ok(text(t.strip_suffix(&**p).unwrap_or(t))),
        ("startswith", [Text(t), Text(p)]) => Ok(Value::Bool(t.starts_with(&**p))),
        ("endswith", [Text(t), Text(p)]) => Ok(Value::Bool(t.ends_with(&**p))),
        ("replace", [Text(t), Text(a), Text(b)])
            if a.is_empty() || t.len() / a.len().max(1) * b.len() <= limits::TEXT_BYTES =>
        {
            Ok(if a.is_empty() {
                Text(Rc::clone(t))
            } else {
                text(t.replace(&**a, b))
            })
        }
        ("substr", [Text(t), Value::Number(from), Value::Number(len)]) => {
            match (from.parse::<usize>(), len.parse::<i64>()) {
                (Ok(from), Ok(len)) => {
                    let most = usize::try_from(len).unwrap_or(usize::MAX);
                    Ok(text(t.chars().skip(from).take(most).collect::<String>()))
                }
                _ => Err(Refused::Arguments("substr(text, from, length)")),
            }
        }
        ("tostring", [Text(t) | Value::Number(t)]) => Ok(Text(Rc::clone(t))),
        ("tostring", [Value::Bool(b)]) => Ok(text(b.to_string())),
        ("tobool", [Value::Bool(b)]) => Ok(Value::Bool(*b)),
        ("tobool", [Text(t)]) if matches!(&**t, "true" | "false") => {
            Ok(Value::Bool(&**t == "true"))
        }
        ("format", [Text(pattern), rest @ ..]) => format(pattern, rest)
            .map(text)
            .ok_or(Refused::Arguments("format(\"%s-%03d\", value, …)")),
        ("lower" | "upper" | "title" | "trimspace" | "tostring" | "tobool", _) => {
            Err(Refused::Arguments("lower(text)"))
        }
        ("trimprefix" | "trimsuffix" | "startswith" | "endswith", _) => {
            Err(Refused::Arguments("trimprefix(text, part)"))
        }
        ("replace", _) => Err(Refused::Arguments("replace(text, part, by)")),
        ("substr", _) => Err(Refused::Arguments("substr(text, from, length)")),
        ("format", _) => Err(Refused::Arguments("format(\"%s-%03d\", value, …)")),
        _ => return None,
    })
}

fn title(text: &str) -> String {
    let mut start = true;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if start {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        start = !c.is_alphanumeric();
    }
    out
}

/// `%s`, `%d`, `%v`, `%q`, `%f` with a width of at most two digits and zero padding; `%%`.
fn format(pattern: &str, values: &[&Value]) -> Option<String> {
    let mut out = String::new();
    let mut values = values.iter();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut flags = String::new();
        while let Some(c) = chars.next_if(|c| c.is_ascii_digit() || matches!(c, '.' | '-')) {
            flags.push(c);
        }
        let verb = chars.next()?;
        if verb == '%' && flags.is_empty() {
            out.push('%');
            continue;
        }
        let value = values.next()?;
        let (width, precision) = flags.split_once('.').unwrap_or((&flags, ""));
        let zero = width.starts_with('0');
        let left = width.starts_with('-');
        let width: usize = width.trim_start_matches(['0', '-']).parse().unwrap_or(0);
        if width > 99 || precision.len() > 2 {
            return None;
        }
        let word = match (verb, value) {
            ('d', Value::Number(n)) => n.parse::<i128>().ok()?.to_string(),
            ('f', Value::Number(n)) => format!("{:.*}", precision.parse().unwrap_or(6), number(n)?),
            ('s' | 'v', Value::Text(t) | Value::Number(t)) => t.to_string(),
            ('s' | 'v' | 't', Value::Bool(b)) => b.to_string(),
            ('q', Value::Text(t)) => format!("{:?}", &**t),
            _ => return None,
        };
        let missing = width.saturating_sub(word.chars().count());
        match (left, zero, word.strip_prefix('-')) {
            (true, _, _) => out.extend([word.as_str(), &" ".repeat(missing)]),
            (false, true, Some(digits)) => out.extend(["-", &"0".repeat(missing), digits]),
            (false, true, None) => out.extend([&"0".repeat(missing), word.as_str()]),
            (false, false, _) => out.extend([&" ".repeat(missing), word.as_str()]),
        }
        if out.len() > limits::TEXT_BYTES {
            return None;
        }
    }
    values.next().is_none().then_some(out)
}
