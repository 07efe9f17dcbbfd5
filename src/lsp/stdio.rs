//! stdin and stdout for the transport.
//!
//! The transport stops at the first message that it cannot read. So messages are framed anew on their way to it:
//! one that is malformed becomes a request that is answered with an error, and what is no message is skipped up to
//! the next `Content-Length`.

use futures::channel::oneshot;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::io;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, ReadHalf, SimplexStream, Stdout,
};

/// What a malformed message becomes; its parameter is the error's code.
pub const MALFORMED: &str = "$/gilcheck/malformed";
/// JSON that is none.
const PARSE_ERROR: i64 = -32700;
/// JSON that is no message.
const INVALID_REQUEST: i64 = -32600;

/// How many bytes may wait for the transport.
const ROOM: usize = 1 << 16;

/// What is common to all messages.
#[derive(Deserialize)]
struct Message {
    jsonrpc: String,
    method: Option<String>,
    id: Option<Id>,
    #[serde(default)]
    result: Option<IgnoredAny>,
    #[serde(default)]
    error: Option<Error>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Number(#[expect(dead_code, reason = "only its kind matters")] i64),
    Text(#[expect(dead_code, reason = "only its kind matters")] String),
}

#[derive(Deserialize)]
struct Error {
    #[expect(dead_code, reason = "it only has to be there")]
    code: i64,
    #[expect(dead_code, reason = "it only has to be there")]
    message: String,
}

/// stdin, well-formed, and what is done once it has ended.
pub fn input() -> (ReadHalf<SimplexStream>, oneshot::Receiver<()>) {
    let (sender, receiver) = oneshot::channel();
    let (read, mut write) = tokio::io::simplex(ROOM);
    tokio::spawn(async move {
        let mut stdin = BufReader::new(tokio::io::stdin());
        while let Ok(Some(body)) = next(&mut stdin).await {
            let header = format!("Content-Length: {}\r\n\r\n", body.len());
            if write.write_all(header.as_bytes()).await.is_err() || write.write_all(&body).await.is_err() {
                break;
            }
        }
        let _ = write.shutdown().await;
        // Nobody may listen any more.
        let _ = sender.send(());
    });
    (read, receiver)
}

/// stdout.
pub fn output() -> Stdout {
    tokio::io::stdout()
}

/// The next message, or what stands for it; `None` at the end.
pub async fn next(stdin: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut length: Option<u64> = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        if stdin.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            let Some(length) = length.take() else { continue };
            let mut body = Vec::new();
            stdin.take(length).read_to_end(&mut body).await?;
            if (body.len() as u64) < length {
                return Ok(None);
            }
            return Ok(Some(match fault(&body) {
                None => body,
                Some(code) => malformed(code),
            }));
        }
        let lower = text.to_ascii_lowercase();
        let Some(value) = lower.strip_prefix(b"content-length:") else { continue };
        let value = std::str::from_utf8(value).ok().and_then(|value| value.trim().parse().ok());
        let Some(value) = value else { return Ok(Some(malformed(PARSE_ERROR))) };
        length = Some(value);
    }
}

/// The code of the error that a message is, if it is one.
fn fault(body: &[u8]) -> Option<i64> {
    let message: Message = match serde_json::from_slice(body) {
        Ok(message) => message,
        Err(error) if error.is_data() => return Some(INVALID_REQUEST),
        Err(_) => return Some(PARSE_ERROR),
    };
    let is_call = message.method.is_some();
    let is_answer = message.id.is_some();
    let is_message = message.jsonrpc == "2.0" && (is_call || is_answer);
    let _ = (message.result, message.error);
    (!is_message).then_some(INVALID_REQUEST)
}

fn malformed(code: i64) -> Vec<u8> {
    format!(r#"{{"jsonrpc":"2.0","id":null,"method":"{MALFORMED}","params":{{"code":{code}}}}}"#).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_from_what_is_none() {
        let table = [
            (r#"{"jsonrpc":"2.0","method":"exit"}"#, None),
            (r#"{"jsonrpc":"2.0","id":1,"method":"shutdown","params":null}"#, None),
            (r#"{"jsonrpc":"2.0","id":"a","result":null}"#, None),
            (r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}"#, None),
            (r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1}}"#, Some(INVALID_REQUEST)),
            (r#"{"jsonrpc":"2.0","id":[],"method":"shutdown"}"#, Some(INVALID_REQUEST)),
            (r#"{"a":1}"#, Some(INVALID_REQUEST)),
            ("[1]", Some(INVALID_REQUEST)),
            (r#"{"a":"#, Some(PARSE_ERROR)),
            ("", Some(PARSE_ERROR)),
        ];
        for (text, expected) in table {
            assert_eq!(fault(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(fault(b"\xff"), Some(PARSE_ERROR));
    }
}
