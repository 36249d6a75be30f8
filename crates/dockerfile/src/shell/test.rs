//! Numbers as `test` and `[` compare them.

/// Whether two numbers compare as an operator of `test` says, such as `-eq`; nothing for another operator.
pub fn compares(one: i64, operator: &str, two: i64) -> Option<bool> {
    Some(match operator {
        "-eq" => one == two,
        "-ne" => one != two,
        "-lt" => one < two,
        "-le" => one <= two,
        "-gt" => one > two,
        "-ge" => one >= two,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_of_test() {
        for (operator, holds) in
            [("-eq", false), ("-ne", true), ("-lt", true), ("-le", true), ("-gt", false), ("-ge", false)]
        {
            assert_eq!(compares(1, operator, 2), Some(holds), "{operator}");
        }
        assert_eq!(compares(1, "=", 1), None);
    }
}
