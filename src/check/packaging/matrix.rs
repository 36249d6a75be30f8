//! The matrix of a job (GitHub, `jobs.<job_id>.strategy.matrix`).

/// Why a job is not checked whose matrix has more combinations than are gone through.
pub(super) const TOO_MANY: &str =
    "its matrix has more than 64 combinations, and the further ones were not looked at";

/// Most combinations of a matrix that are gone through.
const MAX_COMBINATIONS: usize = 64;

/// Each combination of a matrix's values as `matrix.NAME`; one without any where there is none. Where they are too many,
/// the first ones, and `false`.
pub(super) fn combinations(matrix: &[(String, Vec<String>)]) -> (Vec<Vec<(String, String)>>, bool) {
    let mut all: Vec<Vec<(String, String)>> = vec![Vec::new()];
    let mut is_whole = true;
    for (name, values) in matrix.iter().filter(|(_, values)| !values.is_empty()) {
        let most = MAX_COMBINATIONS / all.len();
        is_whole &= values.len() <= most;
        let with = |one: &Vec<(String, String)>, value: &String| {
            let mut one = one.clone();
            one.push((format!("matrix.{name}"), value.clone()));
            one
        };
        all = all.iter().flat_map(|one| values.iter().take(most.max(1)).map(move |v| with(one, v))).collect();
    }
    (all, is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_meets_each_other() {
        let values = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
        let matrix = [
            ("os".to_owned(), values(&["a", "b"])),
            ("empty".to_owned(), values(&[])),
            ("v".to_owned(), values(&["1"])),
        ];
        let found: Vec<String> = combinations(&matrix)
            .0
            .iter()
            .map(|one| {
                one.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
            })
            .collect();
        assert_eq!(found, ["matrix.os=a matrix.v=1", "matrix.os=b matrix.v=1"]);
        let many = vec![String::new(); MAX_COMBINATIONS + 1];
        let (first, is_whole) =
            combinations(&[("x".to_owned(), many), ("y".to_owned(), values(&["a", "b"]))]);
        assert_eq!((first.len(), is_whole), (MAX_COMBINATIONS, false));
        assert_eq!(combinations(&[]), (vec![Vec::new()], true));
    }
}
