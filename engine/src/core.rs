//! Rego evaluation without Python: compile once, evaluate many inputs, never unwind into the caller.

use std::cell::Cell;
use std::collections::HashSet;
use std::num::NonZeroU32;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Once};
use std::time::Duration;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::program::Program;
use regorus::rvm::vm::RegoVM;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{CompiledPolicy, LimitError, Value};

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
    Disagreement(String),
    Panic(String),
}

/// Compiled policies with their base document.
pub struct Compiled {
    engine: regorus::Engine,
    data: Value,
    timer: ExecutionTimerConfig,
    program: Option<(CompiledPolicy, Arc<Program>)>,
    fast: Arc<HashSet<String>>,
}

/// One thread's copy, with its own context.
pub struct Session {
    engine: regorus::Engine,
    /// Runs the references `fast` as byte code, several times faster than the interpreter.
    machine: Option<RegoVM>,
    fast: Arc<HashSet<String>>,
    poisoned: bool,
}

impl Compiled {
    /// Compile `modules` (path, Rego text) with the JSON object `data` as base document.
    ///
    /// The references `fast` are compiled to byte code as well. regorus' byte code is young and not always
    /// right: give only references that are tested with it, and let `judge` check it.
    pub fn new(
        modules: Vec<(String, String)>,
        data: &[u8],
        limit: Duration,
        fast: Vec<String>,
    ) -> Result<Self, Failure> {
        let data = parse(data)?;
        let timer = ExecutionTimerConfig {
            limit,
            check_interval: NonZeroU32::new(256).unwrap_or(NonZeroU32::MIN),
        };
        guarded_on_big_stack(move || {
            let mut engine = regorus::Engine::new();
            engine.set_strict_builtin_errors(false);
            engine.set_execution_timer_config(timer);
            for (path, text) in modules {
                engine
                    .add_policy(path.clone(), text)
                    .map_err(|error| compile_failure(&error, &path))?;
            }
            engine.add_data(data.clone()).map_err(evaluation)?;
            // Compilation proper happens at the first evaluation: bring its errors forward.
            engine
                .eval_query("true".to_string(), false)
                .map_err(|error| compile_failure(&error, ""))?;
            let program = byte_code(&mut engine, &fast)?;
            Ok(Self {
                engine,
                data,
                timer,
                program,
                fast: Arc::new(fast.into_iter().collect()),
            })
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
                .insert(Value::from("context"), context.clone());
            engine.add_data(only).map_err(evaluation)?;
            let machine = self.machine(context)?;
            Ok(Session {
                engine,
                machine,
                fast: self.fast.clone(),
                poisoned: false,
            })
        })?
    }

    fn machine(&self, context: Value) -> Result<Option<RegoVM>, Failure> {
        let Some((policy, program)) = &self.program else {
            return Ok(None);
        };
        let mut data = self.data.clone();
        data.as_object_mut()
            .map_err(evaluation)?
            .insert(Value::from("context"), context);
        let mut machine = RegoVM::new_with_policy(policy.clone());
        machine.load_program(program.clone());
        machine
            .set_data(data)
            .map_err(|error| Failure::Evaluation(error.to_string()))?;
        // Time and memory bound the work, not the number of instructions.
        machine.set_max_instructions(usize::MAX);
        machine.set_execution_timer_config(Some(self.timer));
        Ok(Some(machine))
    }
}

fn byte_code(
    engine: &mut regorus::Engine,
    references: &[String],
) -> Result<Option<(CompiledPolicy, Arc<Program>)>, Failure> {
    let Some(first) = references.first() else {
        return Ok(None);
    };
    let policy = engine
        .compile_with_entrypoint(&first.as_str().into())
        .map_err(|error| compile_failure(&error, ""))?;
    let names: Vec<&str> = references.iter().map(String::as_str).collect();
    let program = Compiler::compile_from_policy(&policy, &names)
        .map_err(|error| Failure::Evaluation(error.to_string()))?;
    Ok(Some((policy, program)))
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
    ///
    /// With `check` every reference that runs as byte code is interpreted as well, and must agree.
    pub fn judge(
        &mut self,
        queries: &[(String, String)],
        input: &[u8],
        check: bool,
    ) -> Result<Vec<u8>, Failure> {
        let input = parse(input)?;
        self.unpoisoned(|session| {
            if let Some(machine) = &mut session.machine {
                machine.set_input(input.clone());
            }
            session.engine.set_input(input);
            let output = session.object(queries, check);
            session.engine.set_input(Value::Undefined);
            if let Some(machine) = &mut session.machine {
                machine.set_input(Value::Undefined);
            }
            output
        })
    }

    fn object(&mut self, queries: &[(String, String)], check: bool) -> Result<Vec<u8>, Failure> {
        let mut output = vec![b'{'];
        for (key, query) in queries {
            let value = match self.fast_value(query)? {
                Some(fast) => {
                    if check && self.interpreted(query)? != fast {
                        return Err(Failure::Disagreement(format!(
                            "byte code and interpreter disagree on {query}"
                        )));
                    }
                    fast
                }
                None => self.interpreted(query)?,
            };
            if value == Value::Undefined {
                continue;
            }
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

    fn fast_value(&mut self, query: &str) -> Result<Option<Value>, Failure> {
        match &mut self.machine {
            Some(machine) if self.fast.contains(query) => machine
                .execute_entry_point_by_name(query)
                .map(Some)
                .map_err(|error| failure_of(error.to_string(), query)),
            _ => Ok(None),
        }
    }

    /// The interpreter's value; undefined is a value here.
    fn interpreted(&mut self, query: &str) -> Result<Value, Failure> {
        match self.value(query) {
            Err(Failure::Undefined(_)) => Ok(Value::Undefined),
            other => other,
        }
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
    failure_of(format!("{error:#}"), query)
}

fn failure_of(message: String, query: &str) -> Failure {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(text: &str, fast: &[&str]) -> Compiled {
        let modules = vec![("a.rego".to_string(), text.to_string())];
        let fast = fast.iter().map(|name| name.to_string()).collect();
        Compiled::new(modules, b"{\"base\": 1}", Duration::from_millis(500), fast).unwrap()
    }

    fn session(text: &str) -> Session {
        compiled(text, &[]).session(b"{\"c\": 2}").unwrap()
    }

    #[test]
    fn evaluates_input_data_and_context() {
        let mut session = session("package a\n\nx := input.n + data.base + data.context.c\n");

        assert_eq!(session.evaluate("data.a.x", b"{\"n\": 39}").unwrap(), b"42");
    }

    #[test]
    fn compile_errors_name_file_and_line() {
        let modules = vec![("a.rego".to_string(), "package a\n\nx := \n".to_string())];

        match Compiled::new(modules, b"{}", Duration::from_secs(1), vec![]) {
            Err(Failure::Compile { file, line, .. }) => {
                assert_eq!(file, "a.rego");
                assert!(line >= 3);
            }
            _ => panic!("it compiled"),
        }
    }

    #[test]
    fn undefined_and_broken_inputs_are_failures() {
        let mut session = session("package a\n\nx := 1 if input.no\n");

        assert!(matches!(
            session.evaluate("data.a.x", b"{}"),
            Err(Failure::Undefined(_))
        ));
        assert!(matches!(
            session.evaluate("data.a.x", b"{"),
            Err(Failure::Evaluation(_))
        ));
        assert!(matches!(
            session.evaluate("data.a.x", b"\xff"),
            Err(Failure::Evaluation(_))
        ));
        let deep = "[".repeat(100_000);
        assert!(matches!(
            session.evaluate("data.a.x", deep.as_bytes()),
            Err(Failure::Evaluation(_))
        ));
    }

    #[test]
    fn a_loop_is_stopped() {
        let text = "package a\n\nx := count([1 | some i in numbers.range(1, 9999); some j in numbers.range(1, 9999); i + j == -1])\n";

        assert!(matches!(
            session(text).evaluate("data.a.x", b"{}"),
            Err(Failure::Limit(_))
        ));
    }

    #[test]
    fn a_panic_is_a_failure_and_ends_the_session() {
        let mut session = session("package a\n\nx := strings.count(\"a\", \"\")\n\ny := 1\n");

        assert!(matches!(
            session.evaluate("data.a.x", b"{}"),
            Err(Failure::Panic(_))
        ));
        assert!(matches!(
            session.evaluate("data.a.y", b"{}"),
            Err(Failure::Panic(_))
        ));
    }

    #[test]
    fn judges_many_and_leaves_undefined_out() {
        let compiled = compiled("package a\n\nx := 1\n\ny := 2 if input.no\n", &["data.a.x"]);
        let queries = [
            ("k/x".to_string(), "data.a.x".to_string()),
            ("k/y".to_string(), "data.a.y".to_string()),
        ];

        let output = compiled
            .session(b"{}")
            .unwrap()
            .judge(&queries, b"{}", true)
            .unwrap();

        assert_eq!(output, b"{\"k/x\":1}");
    }

    #[test]
    fn paths_that_disagree_are_noticed() {
        let text = "package a\n\nx contains f(input)\n\nf(i) := \"one\" if {\n\ti.s == \"x\"\n} else := \"two\" if {\n\tv := missing\n} else := \"three\"\n\nmissing := 1 if input.nope\n";
        let compiled = compiled(text, &["data.a.x"]);
        let queries = [("k/x".to_string(), "data.a.x".to_string())];

        let failure = compiled
            .session(b"{}")
            .unwrap()
            .judge(&queries, b"{\"s\": \"y\"}", true);

        assert!(matches!(failure, Err(Failure::Disagreement(_))));
    }
}
