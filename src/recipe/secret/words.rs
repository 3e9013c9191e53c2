//! The words of passphrases.

/// 128 short words, so that each carries seven bits.
#[rustfmt::skip]
pub(super) const WORDS: [&str; 128] = [
    "acorn", "amber", "anchor", "apple", "apron", "arrow", "autumn", "badger", "bakery", "bamboo", "banjo",
    "barley", "basil", "beacon", "beaver", "bench", "birch", "bishop", "blanket", "bonfire", "border", "bottle",
    "branch", "bridge", "bucket", "butter", "button", "cabin", "candle", "canvas", "carbon", "carpet", "castle",
    "cedar", "cellar", "cherry", "cider", "circle", "clover", "cobble", "comet", "copper", "coral", "cotton",
    "cradle", "crane", "cricket", "dahlia", "damson", "delta", "desert", "dragon", "drum", "eagle", "ember",
    "engine", "falcon", "feather", "fennel", "fern", "fiddle", "filter", "forest", "fossil", "fountain", "garden",
    "garlic", "ginger", "glacier", "granite", "gravel", "hammer", "harbour", "harvest", "hazel", "heron",
    "hollow", "honey", "island", "ivory", "jacket", "jasmine", "kettle", "ladder", "lagoon", "lantern", "lemon",
    "linen", "magnet", "maple", "marble", "meadow", "mirror", "mosaic", "mustard", "napkin", "nettle", "oatmeal",
    "olive", "orchard", "otter", "paddle", "parsley", "pebble", "pepper", "pigeon", "pillow", "planet", "pocket",
    "quarry", "quiver", "rabbit", "ribbon", "saddle", "saffron", "salmon", "shelter", "silver", "thimble",
    "thunder", "timber", "tunnel", "velvet", "violet", "walnut", "willow", "winter", "trellis",
];
