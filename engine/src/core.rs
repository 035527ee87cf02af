//! Rego evaluation without Python: compile once, evaluate many inputs, never unwind into the caller.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Once;
use std::time::Duration;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{LimitError, Value};

/// Deep policies and inputs need more stack than a thread has by default.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Why an operation failed.
#[derive(Debug, PartialEq)]
pub enum Failure {
    Compile {
        message: String,
        file: String,
        line: u32,
    },
    Evaluation(String),
    Undefined(String),
    Limit(String),
    Panic(String),
}

/// Compiled policies with their base document.
pub struct Compiled {
    engine: regorus::Engine,
}

/// One thread's copy, with its own context.
pub struct Session {
    engine: regorus::Engine,
    poisoned: bool,
}

impl Compiled {
    /// Compile `modules` (path, Rego text) with the JSON object `data` as base document.
    pub fn new(modules: Vec<(String, String)>, data: &[u8], limit: Duration) -> Result<Self, Failure> {
        let data = parse(data)?;
        guarded_on_big_stack(move || {
            let mut engine = regorus::Engine::new();
            engine.set_strict_builtin_errors(false);
            engine.set_execution_timer_config(ExecutionTimerConfig {
                limit,
                check_interval: NonZeroU32::new(256).unwrap_or(NonZeroU32::MIN),
            });
            for (path, text) in modules {
                engine
                    .add_policy(path.clone(), text)
                    .map_err(|error| compile_failure(&error, &path))?;
            }
            engine.add_data(data).map_err(evaluation)?;
            // Compilation proper happens at the first evaluation: bring its errors forward.
            engine
                .eval_query("true".to_string(), false)
                .map_err(|error| compile_failure(&error, ""))?;
            Ok(Self { engine })
        })?
    }

    /// A copy for one thread, with `data.context` set.
    pub fn session(&self, context: &[u8]) -> Result<Session, Failure> {
        let context = parse(context)?;
        guarded(|| {
            let mut engine = self.engine.clone();
            let mut only = Value::new_object();
            only.as_object_mut()
                .map_err(evaluation)?
                .insert(Value::from("context"), context);
            engine.add_data(only).map_err(evaluation)?;
            Ok(Session {
                engine,
                poisoned: false,
            })
        })?
    }
}

impl Session {
    /// The JSON value of the reference `query` for the JSON `input`.
    pub fn evaluate(&mut self, query: &str, input: &[u8]) -> Result<Vec<u8>, Failure> {
        let input = parse(input)?;
        self.unpoisoned(|session| {
            session.engine.set_input(input);
            let value = session.value(query);
            session.engine.set_input(Value::Undefined);
            serde_json::to_vec(&value?).map_err(|error| Failure::Evaluation(error.to_string()))
        })
    }

    /// One JSON object: each key of `queries` with the value of its reference, undefined ones left out.
    pub fn judge(&mut self, queries: &[(String, String)], input: &[u8]) -> Result<Vec<u8>, Failure> {
        let input = parse(input)?;
        self.unpoisoned(|session| {
            session.engine.set_input(input);
            let output = session.object(queries);
            session.engine.set_input(Value::Undefined);
            output
        })
    }

    fn object(&mut self, queries: &[(String, String)]) -> Result<Vec<u8>, Failure> {
        let mut output = vec![b'{'];
        for (key, query) in queries {
            let value = match self.value(query) {
                Ok(value) => value,
                Err(Failure::Undefined(_)) => continue,
                Err(failure) => return Err(failure),
            };
            if output.len() > 1 {
                output.push(b',');
            }
            serde_json::to_writer(&mut output, key)
                .map_err(|error| Failure::Evaluation(error.to_string()))?;
            output.push(b':');
            serde_json::to_writer(&mut output, &value)
                .map_err(|error| Failure::Evaluation(error.to_string()))?;
        }
        output.push(b'}');
        Ok(output)
    }

    fn value(&mut self, query: &str) -> Result<Value, Failure> {
        let value = self
            .engine
            .eval_rule(query.to_string())
            .map_err(|error| evaluation_failure(&error, query))?;
        if value == Value::Undefined {
            return Err(Failure::Undefined(format!("{query} has no value")));
        }
        Ok(value)
    }

    /// After a panic nothing is known of the state inside: the session is not used again.
    fn unpoisoned<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        if self.poisoned {
            return Err(Failure::Panic("the session panicked before".to_string()));
        }
        match guarded(|| work(&mut *self)) {
            Ok(result) => result,
            Err(failure) => {
                self.poisoned = true;
                Err(failure)
            }
        }
    }
}

fn evaluation(error: anyhow::Error) -> Failure {
    Failure::Evaluation(format!("{error:#}"))
}

/// JSON text to a value; nesting is bounded by serde_json (128 levels).
fn parse(content: &[u8]) -> Result<Value, Failure> {
    let text = std::str::from_utf8(content)
        .map_err(|error| Failure::Evaluation(format!("the JSON is not UTF-8: {error}")))?;
    guarded(|| {
        Value::from_json_str(text)
            .map_err(|error| Failure::Evaluation(format!("the JSON does not parse: {error:#}")))
    })?
}

fn evaluation_failure(error: &anyhow::Error, query: &str) -> Failure {
    if let Some(limit) = error.downcast_ref::<LimitError>() {
        return Failure::Limit(limit.to_string());
    }
    let message = format!("{error:#}");
    if message.contains("exceeded time limit") || message.contains("memory limit") {
        return Failure::Limit(message);
    }
    if message.contains("not a valid rule path") {
        return Failure::Undefined(format!("{query} has no value"));
    }
    Failure::Evaluation(message)
}

/// regorus writes `--> file:line:column` under the message's first line.
fn compile_failure(error: &anyhow::Error, fallback: &str) -> Failure {
    let text = format!("{error:#}");
    let mut file = fallback.to_string();
    let mut line = 0;
    if let Some(place) = text.lines().find_map(|l| l.trim().strip_prefix("--> ")) {
        let mut parts = place.rsplitn(3, ':');
        let _column = parts.next();
        line = parts.next().and_then(|l| l.parse().ok()).unwrap_or(0);
        file = parts.next().unwrap_or(fallback).to_string();
    }
    let message = text
        .lines()
        .find_map(|l| l.split_once("error: ").map(|(_, message)| message))
        .or_else(|| text.lines().find(|l| !l.trim().is_empty()))
        .unwrap_or("does not compile")
        .trim()
        .to_string();
    Failure::Compile { message, file, line }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Run `work`; a panic becomes a failure and prints nothing.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !GUARDED.with(Cell::get) {
                previous(info);
            }
        }));
    });
    let outer = GUARDED.with(|flag| flag.replace(true));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    GUARDED.with(|flag| flag.set(outer));
    outcome.map_err(|payload| {
        let message = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        Failure::Panic(message.to_string())
    })
}

/// As `guarded`, on a thread with a large stack: parsing recurses with the depth of the text.
fn guarded_on_big_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
    std::thread::scope(|scope| {
        let handle = std::thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || guarded(work))
            .map_err(|error| Failure::Evaluation(format!("no thread: {error}")))?;
        handle
            .join()
            .unwrap_or_else(|_| Err(Failure::Panic("the thread died".to_string())))
    })
}
