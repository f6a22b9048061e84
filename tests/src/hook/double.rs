//! AWS as the hook sees it: CodeDeploy, Lambda's Invoke call and Secrets Manager on one address, each call kept.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::wire::Answer;

/// A call as it came.
#[derive(Clone, Debug)]
pub struct Call {
    /// The operation: `Invoke`, or what `x-amz-target` names.
    pub operation: String,
    /// The request line and headers, in small letters.
    pub head: String,
    pub body: Value,
}

/// What is answered.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

pub fn reply(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    Reply { status, headers: Vec::new(), body: body.into() }
}

/// A failure as the services tell it.
pub fn refusal(status: u16, kind: &str) -> Reply {
    reply(status, json!({"__type": kind, "message": "as ordered"}).to_string())
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        reply(answer.status, answer.body)
    }
}

/// Answers a call where it gives something, and how often this operation was called before; none: as AWS does when all is well.
pub type Whim = Box<dyn Fn(&Call, usize) -> Option<Reply> + Send + Sync>;

/// AWS on this machine, about one deployment.
pub struct Aws {
    pub address: String,
    seen: Arc<Mutex<Vec<Call>>>,
}

impl Aws {
    /// `function`: what the deployment's version of this name answers to an event; none: nothing, for as long as one waits.
    pub fn start(
        name: &str,
        function: impl Fn(&Value) -> Option<Reply> + Send + Sync + 'static,
        whim: impl Fn(&Call, usize) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<Call>>>::default();
        let (known, function, whim) = (seen.clone(), Arc::new(function), Arc::<Whim>::new(Box::new(whim)));
        let name = name.to_owned();
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let (known, function, whim, name) = (known.clone(), function.clone(), whim.clone(), name.clone());
                std::thread::spawn(move || {
                    let call = read(&stream);
                    let before = {
                        let mut known = known.lock().unwrap();
                        known.push(call.clone());
                        known.iter().filter(|other| other.operation == call.operation).count() - 1
                    };
                    let reply = match whim(&call, before) {
                        Some(reply) => Some(reply),
                        None if call.operation == "Invoke" => function(&call.body),
                        None => Some(codedeploy(&call, &name)),
                    };
                    write(stream, reply);
                });
            }
        });
        Self { address, seen }
    }

    /// The settings of a program that takes this for AWS.
    pub fn settings(&self) -> Vec<(&str, &str)> {
        vec![
            ("AWS_ACCESS_KEY_ID", "tests"),
            ("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-tests"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ENDPOINT_URL_LAMBDA", &self.address),
            ("AWS_ENDPOINT_URL_CODEDEPLOY", &self.address),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &self.address),
        ]
    }

    /// The calls of an operation, in their order.
    pub fn calls(&self, operation: &str) -> Vec<Call> {
        self.seen.lock().unwrap().iter().filter(|call| call.operation == operation).cloned().collect()
    }

    pub fn seen(&self) -> Vec<Call> {
        self.seen.lock().unwrap().clone()
    }
}

/// What CodeDeploy answers about the deployment `d-TEST` of version 7 of this Lambda function. As its documentation says of
/// GetDeployment, the AppSpec's text is told by GetApplicationRevision alone.
fn codedeploy(call: &Call, name: &str) -> Reply {
    let revision = |content: Value| json!({"revisionType": "AppSpecContent", "appSpecContent": {"content": content, "sha256": "5ha"}});
    let answer = match call.operation.as_str() {
        "CodeDeploy_20141006.GetDeployment" if call.body == json!({"deploymentId": "d-TEST"}) => {
            json!({"deploymentInfo": {"applicationName": "darkroom", "deploymentId": "d-TEST", "revision": revision(Value::Null)}})
        }
        "CodeDeploy_20141006.GetDeployment" => return refusal(400, "DeploymentDoesNotExistException"),
        "CodeDeploy_20141006.GetApplicationRevision" => {
            assert_eq!(call.body, json!({"applicationName": "darkroom", "revision": revision(Value::Null)}));
            let spec = json!({"version": 0.0, "Resources": [{"Function": {"Type": "AWS::Lambda::Function", "Properties":
                {"Name": name, "Alias": "live", "CurrentVersion": "6", "TargetVersion": "7"}}}]});
            json!({"applicationName": "darkroom", "revision": revision(json!(spec.to_string()))})
        }
        "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus" => {
            json!({"lifecycleEventHookExecutionId": call.body["lifecycleEventHookExecutionId"]})
        }
        other => panic!("the hook has no business with {other}"),
    };
    reply(200, answer.to_string())
}

fn read(stream: &TcpStream) -> Call {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).expect("a line of a call") > 0, "a whole head: {head}");
    }
    let value = |name: &str| {
        let lines = || head.lines().filter_map(|line| line.split_once(": "));
        lines().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let mut body = vec![0; value("content-length").map_or(0, |length| length.parse().expect("a length"))];
    reader.read_exact(&mut body).expect("the whole call");
    let operation = value("x-amz-target").unwrap_or_else(|| "Invoke".into());
    Call { operation, head: head.to_ascii_lowercase(), body: serde_json::from_slice(&body).expect("JSON") }
}

/// Answers, or waits until who asked has gone.
fn write(mut stream: TcpStream, reply: Option<Reply>) {
    let Some(Reply { status, headers, body }) = reply else {
        _ = stream.read(&mut [0]);
        return;
    };
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!("HTTP/1.1 {status} x\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
    // Who asked may have gone.
    _ = stream.write_all(&[head.as_bytes(), &body].concat());
}
