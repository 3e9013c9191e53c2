//! Comments of pull requests, and pictures attached to them: `/repos/<owner>/<name>/issues/<number>/comments`,
//! `…/issues/comments/<id>/assets`.

use rand::Rng as _;
use reqwest::Method;
use serde::Deserialize;

use super::ask::ForgeError;
use super::client::Forge;

/// A comment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Comment {
    /// Its identifier.
    pub id: u64,
    /// Its text.
    pub body: String,
    /// Who wrote it.
    pub user: User,
    /// What is attached to it; forges tell it of single comments, not of all in a listing.
    pub assets: Vec<Attachment>,
}

/// Somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct User {
    /// Their name on the forge.
    pub login: String,
}

/// A file attached to a comment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Where it can be seen.
    pub browser_download_url: String,
}

impl Forge {
    /// Who the token belongs to; `None` when it may not tell, as tokens of jobs may not.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub fn me(&self) -> Result<Option<String>, ForgeError> {
        match self.one::<User>("user") {
            Ok(user) => Ok(Some(user.login).filter(|login| !login.is_empty())),
            Err(ForgeError::Refused { .. } | ForgeError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All comments of a pull request, the oldest first.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub fn comments(&self, repository: &str, number: u64) -> Result<Vec<Comment>, ForgeError> {
        let path = format!("repos/{repository}/issues/{number}/comments");
        let mut comments = self.pages(&path, |comment: &Comment| Ok(comment.id.to_string()))?;
        comments.sort_by_key(|comment| comment.id);
        Ok(comments)
    }

    /// Writes a comment.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub fn add_comment(&self, repository: &str, number: u64, body: &str) -> Result<Comment, ForgeError> {
        let path = format!("repos/{repository}/issues/{number}/comments");
        self.write(Method::POST, &path, &serde_json::json!({ "body": body }))
    }

    /// Changes a comment's text.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub fn edit_comment(&self, repository: &str, id: u64, body: &str) -> Result<Comment, ForgeError> {
        let path = format!("repos/{repository}/issues/comments/{id}");
        self.write(Method::PATCH, &path, &serde_json::json!({ "body": body }))
    }

    /// What is attached to a comment.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub fn attachments(&self, repository: &str, id: u64) -> Result<Vec<Attachment>, ForgeError> {
        self.one(&format!("repos/{repository}/issues/comments/{id}/assets"))
    }

    /// Attaches a picture to a comment; `name` is ours, of letters, digits, `-` and `.`.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub fn attach(&self, repository: &str, id: u64, name: &str, png: &[u8]) -> Result<Attachment, ForgeError> {
        // RFC 7578; the boundary is long and random, so that no picture holds it.
        let mut rng = rand::rng();
        let boundary: String = (0..40).map(|_| char::from(rng.random_range(b'a'..=b'z'))).collect();
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n"
        );
        let body = [head.as_bytes(), png, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
        let path = format!("repos/{repository}/issues/comments/{id}/assets?name={name}");
        self.send(Method::POST, &path, format!("multipart/form-data; boundary={boundary}"), body)
    }
}
