<?php
// The settings of the official image that recipes use, read when a page is asked for: WORDPRESS_DB_HOST, WORDPRESS_DB_USER,
// WORDPRESS_DB_PASSWORD, WORDPRESS_DB_NAME, WORDPRESS_TABLE_PREFIX, each also as *_FILE, and WORDPRESS_CONFIG_EXTRA.
// Without keys here WordPress makes its own and keeps them in the database.
if (!function_exists('taster_env')) {
    function taster_env($name, $default)
    {
        $file = getenv($name . '_FILE');
        if ($file) {
            return rtrim(file_get_contents($file), "\r\n");
        }
        $value = getenv($name);
        return $value === false || $value === '' ? $default : $value;
    }
}

define('DB_NAME', taster_env('WORDPRESS_DB_NAME', 'wordpress'));
define('DB_USER', taster_env('WORDPRESS_DB_USER', 'wordpress'));
define('DB_PASSWORD', taster_env('WORDPRESS_DB_PASSWORD', ''));
define('DB_HOST', taster_env('WORDPRESS_DB_HOST', 'mysql'));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
$table_prefix = taster_env('WORDPRESS_TABLE_PREFIX', 'wp_');
// The code is the image's: it is upgraded by another image, and asks nobody outside whether there is one.
define('AUTOMATIC_UPDATER_DISABLED', true);
define('DISALLOW_FILE_MODS', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
eval(taster_env('WORDPRESS_CONFIG_EXTRA', ''));

if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
