//! Between the transport and the server: what must happen in the order of the wire, what may be cancelled, and
//! what a panic must not end.
//!
//! The transport polls what [`Service::call`] returns in any order, a few at a time, but calls it in the order of
//! the wire. So notifications are done within the call, requests get their view of everything within it, and
//! nothing that is returned waits for the client.

use super::lock;
use super::log::Level;
use super::server::{Phase, Server};
use super::{requests, stdio};
use futures::channel::oneshot;
use futures::future::{self, Either};
use serde_json::Value;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::sync::Semaphore;
use tower_lsp_server::jsonrpc::{Error, ErrorCode, Id, Request, Response};
use tower_service::Service;

/// So many requests are worked on at once; the others wait. The transport reads and writes beside them.
const AT_ONCE: usize = 16;

type Answered = Pin<Box<dyn Future<Output = Result<Option<Response>, Infallible>> + Send>>;

/// The service that the transport calls.
pub struct Wire {
    server: Arc<Server>,
    running: Arc<Mutex<BTreeMap<String, oneshot::Sender<()>>>>,
    places: Arc<Semaphore>,
}

impl Wire {
    /// The wire of a server.
    pub fn new(server: Arc<Server>) -> Wire {
        Wire { server, running: Arc::default(), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    fn notified(&self, method: &str, params: Option<Value>) {
        self.server.log.say(Level::Debug, &format!("notification {method}"));
        if method == "$/cancelRequest" {
            let id = params.as_ref().and_then(|params| params.get("id")).map(ToString::to_string);
            let cancel = id.and_then(|id| lock(&self.running).remove(&id));
            if let Some(cancel) = cancel {
                // The request may just have been answered.
                let _ = cancel.send(());
            }
            return;
        }
        let work = AssertUnwindSafe(|| self.server.notify(method, params.unwrap_or(Value::Null)));
        if catch_unwind(work).is_err() {
            self.server.log.say(Level::Error, &format!("{method} failed inside; please report the lines above"));
        }
    }

    fn asked(&self, method: &str, id: Id, params: Value) -> Answered {
        self.server.log.say(Level::Debug, &format!("request {id} {method}"));
        let server = &self.server;
        let now = |result| -> Answered { Box::pin(future::ready(Ok(Some(Response::from_parts(id.clone(), result))))) };
        if method == stdio::MALFORMED {
            let code = params.get("code").and_then(Value::as_i64).unwrap_or_default();
            server.log.say(Level::Error, "a malformed message was skipped");
            return now(Err(Error::new(ErrorCode::from(code))));
        }
        match (server.phase(), method) {
            (Phase::New, "initialize") => return now(Ok(server.initialize(&params))),
            (Phase::New, _) => return now(Err(not_initialized())),
            (Phase::Running, "shutdown") => {
                server.shut_down();
                return now(Ok(Value::Null));
            }
            (Phase::Running, "initialize") | (Phase::ShutDown | Phase::Exited, _) => {
                return now(Err(Error::invalid_request()));
            }
            (Phase::Running, _) => {}
        }
        let Some(job) = requests::prepare(server, method, params) else {
            return now(Err(Error::method_not_found()));
        };
        let job = match job {
            Ok(job) => job,
            Err(error) => return now(Err(Error::invalid_params(error.to_string()))),
        };
        let (cancel, cancelled) = oneshot::channel();
        let key = serde_json::to_string(&id).unwrap_or_default();
        lock(&self.running).insert(key.clone(), cancel);
        let (server, running, places) = (Arc::clone(server), Arc::clone(&self.running), Arc::clone(&self.places));
        let method = method.to_string();
        let work = async move {
            let _place = places.acquire_owned().await;
            let inner = Arc::clone(&server);
            let done = tokio::task::spawn_blocking(move || catch_unwind(AssertUnwindSafe(|| job(&inner)))).await;
            done.unwrap_or_else(|error| Err(Box::new(error))).unwrap_or_else(|_| {
                server.log.say(Level::Error, &format!("{method} failed inside; please report the lines above"));
                let mut error = Error::internal_error();
                error.message = "gilcheck failed inside; its log says where".into();
                Err(error)
            })
        };
        // Begun at once, so that requests begin in order.
        let work = tokio::spawn(work);
        Box::pin(async move {
            let result = match future::select(work, cancelled).await {
                Either::Left((Ok(result), _)) => result,
                Either::Left((Err(_), _)) => Err(Error::internal_error()),
                Either::Right((Ok(()), work)) => {
                    // What waits for its turn will not begin; what has begun is not listened to.
                    work.abort();
                    Err(Error::request_cancelled())
                }
                Either::Right((Err(_), work)) => work.await.unwrap_or_else(|_| Err(Error::internal_error())),
            };
            lock(&running).remove(&key);
            Ok(Some(Response::from_parts(id, result)))
        })
    }
}

fn not_initialized() -> Error {
    Error { code: ErrorCode::ServerError(-32002), message: "Server not initialized".into(), data: None }
}

impl Service<Request> for Wire {
    type Response = Option<Response>;
    type Error = Infallible;
    type Future = Answered;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Answered {
        let (method, id, params) = request.into_parts();
        match id {
            Some(id) => self.asked(&method, id, params.unwrap_or(Value::Null)),
            None => {
                self.notified(&method, params);
                Box::pin(future::ready(Ok(None)))
            }
        }
    }
}
