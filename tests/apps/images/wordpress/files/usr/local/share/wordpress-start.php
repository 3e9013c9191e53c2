<?php
// Installs or upgrades WordPress as its own installer would, without a browser. WORDPRESS_TITLE, WORDPRESS_ADMIN_USER,
// WORDPRESS_ADMIN_EMAIL, WORDPRESS_ADMIN_PASSWORD (also as _FILE) and WORDPRESS_URL describe a new site; without a password
// none is made, and WordPress asks in the browser.
error_reporting(E_ALL & ~E_DEPRECATED & ~E_USER_DEPRECATED & ~E_NOTICE & ~E_WARNING);

function note($text)
{
    fwrite(STDERR, "wordpress-start: $text\n");
}

function setting($name, $default)
{
    $file = getenv($name . '_FILE');
    return $file ? rtrim(file_get_contents($file), "\r\n") : (getenv($name) ?: $default);
}

mysqli_report(MYSQLI_REPORT_OFF);
[$host, $port] = array_pad(explode(':', setting('WORDPRESS_DB_HOST', 'mysql'), 2), 2, '3306');
$until = time() + (int) setting('WORDPRESS_DB_WAIT', '60');
while (true) {
    $link = mysqli_init();
    $link->options(MYSQLI_OPT_CONNECT_TIMEOUT, 3);
    if (@$link->real_connect($host, setting('WORDPRESS_DB_USER', 'wordpress'), setting('WORDPRESS_DB_PASSWORD', ''),
        setting('WORDPRESS_DB_NAME', 'wordpress'), (int) $port)) {
        break;
    }
    if (time() >= $until) {
        note("the database at $host does not let us in: " . mysqli_connect_error());
        exit(1);
    }
    sleep(1);
}
$link->close();

$url = setting('WORDPRESS_URL', 'http://localhost');
$_SERVER += ['HTTP_HOST' => parse_url($url, PHP_URL_HOST), 'SERVER_NAME' => parse_url($url, PHP_URL_HOST), 'REQUEST_METHOD' => 'GET',
    'REQUEST_URI' => '/', 'PHP_SELF' => '/wp-admin/install.php', 'SERVER_PROTOCOL' => 'HTTP/1.1'];
define('WP_INSTALLING', true);
require '/var/www/html/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

if (is_blog_installed()) {
    global $wp_db_version, $wp_version;
    $before = (int) get_option('db_version');
    if ($before !== (int) $wp_db_version) {
        wp_upgrade();
        note("upgraded the tables from $before to $wp_db_version for WordPress $wp_version");
    }
    exit(0);
}
$password = setting('WORDPRESS_ADMIN_PASSWORD', '');
if ($password === '') {
    note('no site, and no password for a new one: open the site in a browser');
    exit(0);
}
if (!defined('WP_SITEURL')) {
    define('WP_SITEURL', $url);
}
// Nobody is there to read the letter that a new site sends to its administrator.
function wp_new_blog_notification($blog_title, $blog_url, $user_id, $password)
{
}
wp_install(setting('WORDPRESS_TITLE', 'WordPress'), setting('WORDPRESS_ADMIN_USER', 'admin'),
    setting('WORDPRESS_ADMIN_EMAIL', 'admin@localhost.invalid'), false, '', wp_slash($password));
note('installed ' . get_option('siteurl'));
