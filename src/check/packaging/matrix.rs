//! The matrix of a job (GitHub, `jobs.<job_id>.strategy.matrix`).

/// Most combinations of a matrix that are gone through.
const MAX_COMBINATIONS: usize = 64;

/// Each combination of a matrix's values as `matrix.NAME`; one without any where there is none or they are too many.
pub(super) fn combinations(matrix: &[(String, Vec<String>)]) -> Vec<Vec<(String, String)>> {
    let mut all: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for (name, values) in matrix.iter().filter(|(_, values)| !values.is_empty()) {
        if all.len() * values.len() > MAX_COMBINATIONS {
            return vec![Vec::new()];
        }
        let with = |one: &Vec<(String, String)>, value: &String| {
            let mut one = one.clone();
            one.push((format!("matrix.{name}"), value.clone()));
            one
        };
        all = all.iter().flat_map(|one| values.iter().map(move |v| with(one, v))).collect();
    }
    all
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
            .iter()
            .map(|one| {
                one.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
            })
            .collect();
        assert_eq!(found, ["matrix.os=a matrix.v=1", "matrix.os=b matrix.v=1"]);
        let many = vec![String::new(); MAX_COMBINATIONS + 1];
        assert_eq!(combinations(&[("x".to_owned(), many)]), [Vec::new()]);
        assert_eq!(combinations(&[]), [Vec::new()]);
    }
}
