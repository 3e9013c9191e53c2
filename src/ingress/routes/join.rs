//! The routes of several stacks in one table.

use super::RouteTable;

impl RouteTable {
    /// The same routes with another stack's name before those of services, routers and middlewares, so that they stand beside routes that use
    /// the same words.
    #[must_use]
    pub fn named_after(mut self, stack: &str) -> Self {
        let of_stack = |name: &mut String| *name = of_stack(stack, name);
        for router in &mut self.routers {
            of_stack(&mut router.name);
            of_stack(&mut router.service);
            router.middlewares.iter_mut().for_each(of_stack);
            router.backends.iter_mut().for_each(|backend| of_stack(&mut backend.service));
        }
        self.middlewares =
            self.middlewares.into_iter().map(|(name, middleware)| (self::of_stack(stack, &name), middleware)).collect();
        self
    }

    /// Takes the HTTP routes of another table in, in the order in which requests are matched. The entry points stay its own.
    pub fn join(&mut self, other: &Self) {
        self.routers.extend(other.routers.iter().cloned());
        self.routers.sort_by(|a, b| b.priority.cmp(&a.priority).then_with(|| a.name.cmp(&b.name)));
        self.middlewares.extend(other.middlewares.clone());
    }
}

/// What a service is called where several stacks have one of that name.
pub fn of_stack(stack: &str, service: &str) -> String {
    format!("{stack}/{service}")
}
