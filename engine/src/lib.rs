//! The Python face of `core`: bytes in, bytes out, the interpreter lock released, typed exceptions.

use std::sync::Mutex;
use std::time::Duration;

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

pub mod core;

use crate::core::Failure;

create_exception!(_native, EngineFailure, PyException);
create_exception!(_native, PolicyCompileError, EngineFailure);
create_exception!(_native, EvaluationError, EngineFailure);
create_exception!(_native, UndefinedError, EngineFailure);
create_exception!(_native, LimitError, EngineFailure);
create_exception!(_native, DisagreementError, EngineFailure);
create_exception!(_native, EnginePanicked, EngineFailure);

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Compile { message, file, line } => PolicyCompileError::new_err((message, file, line)),
            Failure::Evaluation(message) => EvaluationError::new_err(message),
            Failure::Undefined(message) => UndefinedError::new_err(message),
            Failure::Limit(message) => LimitError::new_err(message),
            Failure::Disagreement(message) => DisagreementError::new_err(message),
            Failure::Panic(message) => EnginePanicked::new_err(message),
        }
    }
}

#[pyclass(frozen, module = "auditor_engine")]
struct Engine {
    compiled: crate::core::Compiled,
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (modules, data, limit_seconds = 30.0, fast = Vec::new()))]
    fn new(
        py: Python<'_>,
        modules: &Bound<'_, PyDict>,
        data: &[u8],
        limit_seconds: f64,
        fast: Vec<String>,
    ) -> PyResult<Self> {
        let limit = Duration::try_from_secs_f64(limit_seconds)
            .map_err(|error| PyValueError::new_err(format!("limit_seconds: {error}")))?;
        let mut sources: Vec<(String, String)> = Vec::with_capacity(modules.len());
        for (path, text) in modules.iter() {
            sources.push((path.extract()?, text.extract()?));
        }
        let compiled = py.detach(|| crate::core::Compiled::new(sources, data, limit, fast))?;
        Ok(Self { compiled })
    }

    fn session(&self, py: Python<'_>, context: &[u8]) -> PyResult<Session> {
        let session = py.detach(|| self.compiled.session(context))?;
        Ok(Session {
            inner: Mutex::new(session),
        })
    }
}

#[pyclass(frozen, module = "auditor_engine")]
struct Session {
    inner: Mutex<crate::core::Session>,
}

#[pymethods]
impl Session {
    fn evaluate<'py>(&self, py: Python<'py>, query: &str, input: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let output = py.detach(|| self.locked(|session| session.evaluate(query, input)))?;
        Ok(PyBytes::new(py, &output))
    }

    fn judge<'py>(
        &self,
        py: Python<'py>,
        queries: Vec<(String, String)>,
        input: &[u8],
        check: bool,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let output = py.detach(|| self.locked(|session| session.judge(&queries, input, check)))?;
        Ok(PyBytes::new(py, &output))
    }
}

impl Session {
    fn locked<T>(
        &self,
        work: impl FnOnce(&mut crate::core::Session) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut session = self
            .inner
            .lock()
            .map_err(|_| Failure::Panic("the session panicked before".to_string()))?;
        work(&mut session)
    }
}

#[pyfunction]
fn set_memory_limit(limit_bytes: Option<u64>) {
    regorus::set_global_memory_limit(limit_bytes);
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("regorus_version", env!("REGORUS_VERSION"))?;
    module.add_class::<Engine>()?;
    module.add_class::<Session>()?;
    module.add_function(wrap_pyfunction!(set_memory_limit, module)?)?;
    module.add("EngineFailure", py.get_type::<EngineFailure>())?;
    module.add("PolicyCompileError", py.get_type::<PolicyCompileError>())?;
    module.add("EvaluationError", py.get_type::<EvaluationError>())?;
    module.add("UndefinedError", py.get_type::<UndefinedError>())?;
    module.add("LimitError", py.get_type::<LimitError>())?;
    module.add("DisagreementError", py.get_type::<DisagreementError>())?;
    module.add("EnginePanicked", py.get_type::<EnginePanicked>())?;
    Ok(())
}
