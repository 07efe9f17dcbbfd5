//! What the server sends of its own accord. Nothing here waits: a client that never answers stops nothing.

use futures::channel::mpsc::UnboundedSender;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use tower_lsp_server::jsonrpc::{Error, Id, Request, Response};

type Reply = Box<dyn FnOnce(Result<Value, Error>) + Send>;

/// The way to the client.
pub struct Outbox {
    sender: UnboundedSender<Request>,
    next: AtomicI64,
    waiting: Mutex<BTreeMap<i64, Reply>>,
}

impl Outbox {
    /// An outbox that hands its messages to the transport behind `sender`.
    pub fn new(sender: UnboundedSender<Request>) -> Outbox {
        Outbox { sender, next: AtomicI64::new(1), waiting: Mutex::new(BTreeMap::new()) }
    }

    /// Sends a notification.
    pub fn notify(&self, method: &'static str, params: Value) {
        // After a disconnect there is nobody to tell.
        let _ = self.sender.unbounded_send(Request::build(method).params(params).finish());
    }

    /// Sends a request; `reply` is called if an answer ever comes.
    pub fn request(
        &self,
        method: &'static str,
        params: Option<Value>,
        reply: impl FnOnce(Result<Value, Error>) + Send + 'static,
    ) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        super::lock(&self.waiting).insert(id, Box::new(reply));
        let request = Request::build(method).id(id);
        let request = match params {
            Some(params) => request.params(params),
            None => request,
        };
        let _ = self.sender.unbounded_send(request.finish());
    }

    /// Takes in the client's answer to a request.
    pub fn answered(&self, response: Response) {
        let (id, result) = response.into_parts();
        let Id::Number(id) = id else { return };
        let reply = super::lock(&self.waiting).remove(&id);
        if let Some(reply) = reply {
            reply(result);
        }
    }
}
