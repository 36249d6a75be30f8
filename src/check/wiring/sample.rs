//! The task definition that examples of checks vary.

/// A task definition whose task role has the name `$role`, and whose container has `$more` besides name and image: a
/// variable that is no secret, where nothing is given.
macro_rules! task_definition {
    ($role:literal) => {
        task_definition!($role, r#""environment": [{"name": "LOG_LEVEL", "value": "debug"}]"#)
    };
    ($role:literal, $more:literal) => {
        concat!(
            "{\n  \"family\": \"app\",\n  \"taskRoleArn\": \"arn:aws:iam::111122223333:role/",
            $role,
            "\",\n  \"executionRoleArn\": \"arn:aws:iam::111122223333:role/app-agent\",\n",
            "  \"containerDefinitions\": [{\n    \"name\": \"app\", \"image\": \"app:1\",\n    ",
            $more,
            "\n  }]\n}"
        )
    };
}

pub(super) use task_definition;
