//! The kinds of failure, a public sentence each, and the inner cause for the log.

use std::fmt;
use std::io::ErrorKind;

/// Whose fault a failure is and what the client can do about it. Only `service` knows the status codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong: an option, a form, base64, an empty body.
    BadRequest,
    /// There is no key in the request, and one is needed.
    NoKey,
    /// The key, or the token of an address, is none that is known.
    WrongKey,
    /// No such address, or no such thing behind it.
    NotFound,
    /// The address is right, the method is not.
    WrongMethod,
    /// What the request says the answer must not be, it is.
    Precondition,
    /// The thing has no such part of its bytes.
    NotSatisfiable,
    /// None of the forms in `Accept` can be given.
    NotAcceptable,
    /// The body came too slowly.
    TooSlow,
    /// More bytes or pixels than allowed.
    TooLarge,
    /// The bytes are no picture that can be read here.
    NotAPicture,
    /// The bytes are a picture or a video, but a broken one.
    BrokenPicture,
    /// What it takes is missing on this machine.
    Missing,
    /// All places are taken.
    Busy,
    /// This caller has asked too often.
    TooOften,
    /// The client left; nobody reads this answer.
    Gone,
    /// The function is not warm yet.
    NotReady,
    /// The time allowed is over.
    Deadline,
    /// Our own fault.
    Internal,
}

/// A failure: what the client is told, and what only the log is told.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    again: Option<u64>,
}

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failure with its public sentence: what was wrong, where, and what would be right.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), cause: None, again: None }
    }

    /// `Kind::BadRequest` with its sentence.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(Kind::BadRequest, message)
    }

    /// Our own fault: the client reads a fixed sentence, the log reads `what` and the cause.
    pub fn internal(what: impl fmt::Display) -> Self {
        Self::new(Kind::Internal, "something went wrong here; the log tells more under this request's id")
            .because(what.to_string())
    }

    /// Adds the inner cause, which goes to the log and never to the client.
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Says after how many seconds the same may succeed.
    pub fn again_in(mut self, seconds: u64) -> Self {
        self.again = Some(seconds);
        self
    }

    /// Seconds after which the same may succeed, where that is known.
    pub fn again(&self) -> Option<u64> {
        self.again
    }

    /// Whose fault it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The sentence for the client.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The inner cause, for the log.
    pub fn cause(&self) -> Option<String> {
        self.cause.as_ref().map(ToString::to_string)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) if self.kind == Kind::Internal => write!(out, "{cause}"),
            Some(cause) => write!(out, "{} ({cause})", self.message),
            None => out.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}

/// Whether it says that nothing more fits: a full disk, a quota, or what the system lets a file of this process grow to.
pub(crate) fn has_no_room(cause: &std::io::Error) -> bool {
    matches!(cause.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}
