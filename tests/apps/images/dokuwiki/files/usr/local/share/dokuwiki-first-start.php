<?php
// Writes what the wiki's web installer would: a title, one administrator, and an access list where everybody reads and
// users write. local.php comes last: it says that the rest is there.
$conf = $argv[1];
$admin = getenv('DOKUWIKI_ADMIN') ?: 'admin';
$mail = getenv('DOKUWIKI_ADMIN_EMAIL') ?: 'admin@localhost';
$hash = password_hash(getenv('DOKUWIKI_ADMIN_PASSWORD'), PASSWORD_BCRYPT);

$files = [
    'acl.auth.php' => "# <?php exit()?>\n*\t@ALL\t1\n*\t@user\t8\n",
    'users.auth.php' => "# <?php exit()?>\n$admin:$hash:$admin:$mail:admin,user\n",
    'local.php' => "<?php\n"
        . '$conf[\'title\'] = ' . var_export(getenv('DOKUWIKI_TITLE') ?: 'DokuWiki', true) . ";\n"
        . '$conf[\'license\'] = \'cc-by-sa\';' . "\n"
        . '$conf[\'useacl\'] = 1;' . "\n"
        . '$conf[\'superuser\'] = \'@admin\';' . "\n"
        . '$conf[\'disableactions\'] = \'register\';' . "\n"
        . '$conf[\'updatecheck\'] = 0;' . "\n",
];
foreach ($files as $name => $text) {
    if (file_put_contents("$conf/$name", $text) === false) {
        fwrite(STDERR, "cannot write $conf/$name\n");
        exit(1);
    }
}
