//! Compose files around the demo app.

/// One service of the demo app's image with a route to it. `service` goes into the service and `deploy` under its `deploy:`, each
/// line as it stands.
pub(crate) fn routed(service: &str, deploy: &str) -> String {
    app(service, deploy, ROUTE)
}

/// The labels of an ordinary route.
pub(crate) const ROUTE: &str = r#"        - "traefik.enable=true"
        - "traefik.http.routers.${STACK_NAME}.rule=Host(`${DOMAIN}`)"
        - "traefik.http.routers.${STACK_NAME}.entrypoints=web-secure"
        - "traefik.http.routers.${STACK_NAME}.tls=true"
        - "traefik.http.services.${STACK_NAME}.loadbalancer.server.port=8080"
"#;

/// One service of the demo app's image with these labels; with a route it is on the network `proxy`, as Traefik wants it.
pub(crate) fn app(service: &str, deploy: &str, labels: &str) -> String {
    let labels = if labels.is_empty() { String::new() } else { format!("      labels:\n{labels}") };
    let networks = if labels.is_empty() || service.contains("networks:") {
        ""
    } else {
        "    networks:\n      - proxy\n      - default\n"
    };
    let delay = if deploy.contains("restart_policy:") { "" } else { "      restart_policy:\n        delay: 500ms\n" };
    format!(
        "version: \"3.8\"\nnetworks:\n  proxy:\n    external: true\nservices:\n  app:\n    image: taster-demo:2.0\n{}{networks}    deploy:\n{delay}{}{labels}",
        indented(service, 4),
        indented(deploy, 6),
    )
}

/// A routed app with this fault.
pub(crate) fn faulty(fault: &str) -> String {
    routed(&format!("environment:\n  - DEMO_FAULT={fault}"), "")
}

/// The lines, indented, each with its end.
pub(crate) fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
}
