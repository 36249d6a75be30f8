//! Policies that ask for the region of a request (`aws:RequestedRegion`). A request on something is made in the region that
//! the thing is in, so that such a condition is decided for every region; regions of which the policies say the same are
//! asked about together.

use std::collections::BTreeMap;

use super::statement;
use seaworthy_iam::{Arn, Language, PolicySet};

/// The key.
pub(super) const REQUESTED: &str = "aws:RequestedRegion";

/// The regions of AWS. One that is missing counts as a region that no policy names.
/// <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>
const REGIONS: &str = "\
    af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 \
    ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 \
    eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 \
    me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2 cn-north-1 cn-northwest-1 us-gov-east-1 \
    us-gov-west-1";

/// Services with one endpoint for the partition: their requests have its region.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion>
const GLOBAL: [&str; 7] =
    ["account", "cloudfront", "globalaccelerator", "iam", "organizations", "route53", "shield"];

/// Stands for a region that no policy names.
const OTHER: &str = "another-region-0";

/// The region of requests to a service that has one endpoint for the partition.
pub(super) fn of_global(service: &str, partition: &str) -> Option<&'static str> {
    GLOBAL.contains(&service).then_some(match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => "us-east-1",
    })
}

/// The service that an action's requests go to. A role is passed within a request to another service.
pub(super) fn service_of(action: &str) -> Option<&str> {
    action.split(':').next().filter(|_| !action.eq_ignore_ascii_case("iam:PassRole"))
}

/// Whether a text is a region's name, without wildcards and symbols.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// The resources of a universe with the region of the requests on them, as far as the policies ask for one: nothing where
/// they do not. `service` is that of the action, if there is one.
pub(super) fn apart(
    policies: &PolicySet,
    principal: &str,
    service: Option<&str>,
    universe: &Language,
) -> Vec<(Language, Option<String>)> {
    let own = policies.resource.iter().flat_map(|policy| &policy.statements);
    let conditions = statement::binding(policies).into_iter().chain(own).flat_map(|s| &s.conditions);
    let patterns: Vec<&str> = conditions
        .filter(|c| c.key().eq_ignore_ascii_case(REQUESTED))
        .flat_map(|c| c.values())
        .map(String::as_str)
        .collect();
    // Where the region stands elsewhere, too, or a variable or another case of letters decides, each region is one of its
    // own, which is not asked about.
    let is_variable = |text: &str| text.to_ascii_lowercase().contains("${aws:requestedregion");
    let all_said =
        statement::binding(policies).into_iter().chain(policies.resource.iter().flat_map(|p| &p.statements));
    let is_open = patterns.iter().any(|p| p.contains("${") || p.bytes().any(|b| b.is_ascii_uppercase()));
    if patterns.is_empty() || is_open || all_said.into_iter().any(|s| statement::texts(s).any(is_variable)) {
        return vec![(universe.clone(), None)];
    }
    let partition = Arn::parse(principal).map_or("aws", |arn| arn.partition);
    if let Some(region) = service.and_then(|service| of_global(service, partition)) {
        return vec![(universe.clone(), Some(region.to_owned()))];
    }
    let mut groups: BTreeMap<Vec<bool>, Vec<&str>> = BTreeMap::new();
    let named = patterns.iter().copied().filter(|text| is_name(text));
    let mut all: Vec<&str> = REGIONS.split(' ').chain(named).chain([OTHER]).collect();
    all.sort_unstable();
    all.dedup();
    for region in &all {
        let said = patterns.iter().map(|pattern| statement::matches(pattern, region)).collect();
        groups.entry(said).or_default().push(region);
    }
    let place = Places { partition, service };
    let every_region = Language::union(all.iter().map(|region| place.in_region(region)));
    let nowhere = place.without_region();
    let group = |regions: Vec<&str>| {
        let mut parts: Vec<Language> = regions.iter().map(|region| place.in_region(region)).collect();
        parts.push(nowhere.clone());
        if regions.contains(&OTHER) {
            parts.push(Language::union([every_region.clone(), nowhere.clone()]).complement());
        }
        let resources = Language::intersection([universe.clone(), Language::union(parts)]);
        (resources, regions.first().map(|region| (*region).to_owned()))
    };
    groups.into_values().map(group).collect()
}

/// The ARNs of a service, or of all.
struct Places<'p> {
    partition: &'p str,
    service: Option<&'p str>,
}

impl Places<'_> {
    fn head(&self) -> String {
        match self.service {
            Some(service) => format!("arn:{}:{service}", self.partition),
            None => format!("arn:{}:*", self.partition),
        }
    }

    fn in_region(&self, region: &str) -> Language {
        Language::arns(&format!("{}:{region}:*:*", self.head()))
    }

    /// What has no region, and what is no ARN.
    fn without_region(&self) -> Language {
        let [none, any] = ["", "*"].map(|region| Language::arns(&format!("{}:{region}:*:*", self.head())));
        Language::union([none, any.complement()])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use seaworthy_iam::Policy;

    #[test]
    fn regions_are_told_apart_as_the_policies_do() {
        let policies = |condition: &str| {
            let text = format!(
                r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", "Action": "*", "Resource": "*",
                    "Condition": {condition}}}]}}"#
            );
            PolicySet { identity: vec![Policy::read("p", &text).unwrap()], ..PolicySet::default() }
        };
        let (role, all) = ("arn:aws:iam::111122223333:role/r", Language::from("arn:*"));
        let apart = |policies: &PolicySet, service| apart(policies, role, service, &all);
        let other = policies(r#"{"Bool": {"aws:SecureTransport": "false"}}"#);
        assert_eq!(apart(&other, None).len(), 1);
        let fence =
            policies(r#"{"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}}"#);
        let groups = apart(&fence, Some("ssm"));
        assert_eq!(groups.len(), 3);
        let region_of = |arn: &str| {
            let mut of = groups.iter().filter(|(resources, _)| resources.contains(arn));
            (of.next().and_then(|(_, region)| region.clone()), of.count())
        };
        let arn = |region: &str| format!("arn:aws:ssm:{region}:111122223333:parameter/a");
        assert_eq!(region_of(&arn("eu-west-1")), (Some("eu-west-1".to_owned()), 0));
        assert_eq!(region_of(&arn("us-west-2")), region_of(&arn("xx-new-1")));
        // What has no region is asked for in each.
        let buckets = super::apart(&fence, role, Some("s3"), &all);
        assert!(buckets.iter().all(|(resources, _)| resources.contains("arn:aws:s3:::bucket")));
        // A name may hold a region between colons.
        let any = super::apart(&fence, role, None, &all);
        let of = |arn: &str| any.iter().filter(|(resources, _)| resources.contains(arn)).count();
        assert_eq!(of("arn:aws:dynamodb:eu-west-1:111122223333:table/a"), 1);
        assert_eq!(of("arn:aws:dynamodb:eu-west-1:111122223333:table/a:us-east-1:a"), 1);
        assert_eq!(apart(&fence, Some("iam"))[0].1.as_deref(), Some("us-east-1"));
    }
}
