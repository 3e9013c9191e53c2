//! What stands for the browser in a taster that was built without it.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use super::{BrowserError, BrowserOptions, View, Visit};
use crate::ingress::client::Entry;

/// No browser.
#[derive(Debug)]
pub struct Browser(std::convert::Infallible);

impl Browser {
    /// Says that there is none.
    ///
    /// # Errors
    /// Always.
    pub async fn start<S, C, F>(_: BrowserOptions, _: C) -> Result<Self, BrowserError>
    where
        C: Fn(Entry) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Err(BrowserError::NotBuilt)
    }

    /// There is none to visit with.
    ///
    /// # Errors
    /// Never: there is no value to call it on.
    pub async fn visit(&self, _: &Visit) -> Result<View, BrowserError> {
        match self.0 {}
    }

    /// There is none to use again.
    pub fn runs(&self) -> bool {
        match self.0 {}
    }

    /// There is none to close.
    pub async fn close(self) {
        match self.0 {}
    }
}
