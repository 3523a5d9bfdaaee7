//! Names of the schema as Rust writes them.

/// `ThrottleTimeMs` → `throttle_time_ms`; a run of capitals is one word.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (index, &letter) in letters.iter().enumerate() {
        if letter.is_ascii_uppercase() && index > 0 {
            let after_small = !letters[index - 1].is_ascii_uppercase();
            let before_small = letters.get(index + 1).is_some_and(char::is_ascii_lowercase);
            if after_small || before_small {
                snake.push('_');
            }
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// The field's name in Rust: as [`snake`], raw where Rust has the word for itself.
pub(crate) fn field(name: &str) -> String {
    let snake = snake(name);
    match snake.as_str() {
        "type" | "match" | "ref" | "where" | "loop" | "use" | "in" => format!("r#{snake}"),
        _ => snake,
    }
}
