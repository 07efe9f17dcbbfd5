//! stdin and stdout for the transport.

use futures::channel::oneshot;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf, Stdin, Stdout};

/// stdin, which tells when it ends.
pub struct Input {
    stdin: Stdin,
    ended: Option<oneshot::Sender<()>>,
}

/// stdin, and what is done once it has ended.
pub fn input() -> (Input, oneshot::Receiver<()>) {
    let (sender, receiver) = oneshot::channel();
    (Input { stdin: tokio::io::stdin(), ended: Some(sender) }, receiver)
}

/// stdout.
pub fn output() -> Stdout {
    tokio::io::stdout()
}

impl Drop for Input {
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            let _ = ended.send(());
        }
    }
}

impl AsyncRead for Input {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stdin).poll_read(context, buffer);
        let is_over = match &read {
            Poll::Ready(Ok(())) => buffer.filled().len() == before,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if is_over && let Some(ended) = self.ended.take() {
            let _ = ended.send(());
        }
        read
    }
}
