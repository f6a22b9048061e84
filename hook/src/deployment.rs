//! A deployment of CodeDeploy: which version it is about, and what it is told.

use std::collections::BTreeMap;

use common::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::calls::Calls;

/// A deployment that waits for a verdict, as CodeDeploy names both in its event.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Deployment {
    deployment_id: String,
    lifecycle_event_hook_execution_id: String,
}

/// A version that is to get callers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Candidate {
    /// The Lambda function's name.
    pub function: String,
    /// The version's number, or an alias.
    pub version: String,
}

/// What is read of an AppSpec file. AWS writes the names of its members large in some places and small in others.
#[derive(Deserialize)]
struct AppSpec {
    #[serde(rename = "Resources", alias = "resources")]
    resources: Vec<BTreeMap<String, Resource>>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "Properties", alias = "properties")]
    properties: Properties,
}

#[derive(Deserialize)]
struct Properties {
    #[serde(rename = "Name", alias = "name")]
    name: String,
    #[serde(rename = "TargetVersion", alias = "targetversion")]
    target: Number,
}

/// In YAML a version may stand without quotes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Text(String),
    Number(u64),
}

impl std::fmt::Display for Candidate {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.function, self.version)
    }
}

impl Deployment {
    /// Asks which version this is about.
    ///
    /// # Errors
    /// One sentence where CodeDeploy does not say.
    pub async fn candidate(&self, calls: &Calls) -> Result<Candidate> {
        let told = calls.codedeploy("GetDeployment", &json!({"deploymentId": self.deployment_id})).await?;
        let info = &told["deploymentInfo"];
        let text = match content(&info["revision"]) {
            Some(text) => text.to_owned(),
            // GetDeployment names the AppSpec by its SHA-256 alone.
            None => {
                let asked = json!({"applicationName": info["applicationName"], "revision": info["revision"]});
                let told = calls.codedeploy("GetApplicationRevision", &asked).await?;
                content(&told["revision"]).ok_or_else(|| Error::internal("the deployment has no AppSpec"))?.to_owned()
            }
        };
        candidate(&text)
    }

    /// Tells CodeDeploy the verdict.
    ///
    /// # Errors
    /// One sentence where it can't be told.
    pub async fn report(&self, calls: &Calls, good: bool) -> Result<()> {
        let asked = json!({
            "deploymentId": self.deployment_id,
            "lifecycleEventHookExecutionId": self.lifecycle_event_hook_execution_id,
            "status": if good { "Succeeded" } else { "Failed" },
        });
        match calls.codedeploy("PutLifecycleEventHookExecutionStatus", &asked).await {
            // An earlier try was heard, and only its answer got lost.
            Err(wrong) if wrong.to_string().contains("LifecycleEventAlreadyCompleted") => Ok(()),
            told => told.map(drop),
        }
    }
}

fn content(revision: &Value) -> Option<&str> {
    revision["appSpecContent"]["content"].as_str().or_else(|| revision["string"]["content"].as_str())
}

/// The version that an AppSpec, in YAML or in JSON, which is YAML too, gives callers.
fn candidate(text: &str) -> Result<Candidate> {
    let spec: AppSpec = yaml_serde::from_str(text)
        .map_err(|cause| Error::internal(format!("the deployment's AppSpec can't be read: {cause}")))?;
    let mut resources = spec.resources.into_iter().flat_map(BTreeMap::into_values);
    match (resources.next(), resources.next()) {
        (Some(Resource { properties: Properties { name, target } }), None) => {
            let version = match target {
                Number::Text(text) => text,
                Number::Number(number) => number.to_string(),
            };
            Ok(Candidate { function: name, version })
        }
        _ => Err(Error::internal("the deployment's AppSpec is not about one function")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_appspec_is_read_in_both_languages() {
        let expected = Candidate { function: "darkroom-prod-derain".into(), version: "7".into() };
        let json = r#"{"version":0.0,"Resources":[{"Derain":{"Type":"AWS::Lambda::Function","Properties":{
            "Name":"darkroom-prod-derain","Alias":"live","CurrentVersion":"6","TargetVersion":"7"}}}],
            "Hooks":[{"BeforeAllowTraffic":"hook"}]}"#;
        let yaml = "version: 0.0\nresources:\n  - derain:\n      type: AWS::Lambda::Function\n      properties:\n        \
                    name: darkroom-prod-derain\n        alias: live\n        currentversion: 6\n        targetversion: 7\n";
        for text in [json, yaml, &yaml.replace("resources", "Resources").replace(": 7", ": \"7\"")] {
            assert_eq!(candidate(text).unwrap(), expected);
        }
        for (text, says) in [
            ("", "can't be read"),
            ("{\"Resources\":[]}", "is not about one function"),
            ("{\"Resources\":[{\"a\":{\"Properties\":{\"Name\":\"x\"}}}]}", "TargetVersion"),
        ] {
            let wrong = candidate(text).unwrap_err().to_string();
            assert!(wrong.contains(says), "{wrong}");
        }
    }
}
