/* SPDX-License-Identifier: Apache-2.0 */
/* The key list from PEM files: what is taken, what is refused and which file the refusal names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "linux/keys_openssl.h"
#include "support/sample_keys.h"
#include "support/temp_dir.h"

#define PATH_LEN 200

static struct keys_list list;
static struct tdm_fault why;
static char base[PATH_LEN]; /* of the row at hand */

static const char *path_of(const char *name)
{
    static char path[4][PATH_LEN + 300];
    static unsigned next;
    char *to = path[next++ % 4];

    (void)snprintf(to, sizeof path[0], "%s/%s", base, name);
    return to;
}

/* ---- files ---- */

static FILE *open_file(const char *name)
{
    FILE *file = fopen(path_of(name), "a");
    assert_non_null(file);
    return file;
}

static void put_text(const char *name, const char *text)
{
    FILE *file = open_file(name);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void put_pkey(const char *name, EVP_PKEY *pkey)
{
    FILE *file = open_file(name);
    assert_int_equal(PEM_write_PUBKEY(file, pkey), 1);
    assert_int_equal(fclose(file), 0);
    EVP_PKEY_free(pkey);
}

static EVP_PKEY *pkey_of(unsigned n)
{
    struct sample_key key;
    sample_key_make(&key, n);
    return key.pkey;
}

/* Appends; so a file can hold several. */
static void put_key(const char *name, unsigned n)
{
    put_pkey(name, pkey_of(n));
}

static void put_private(const char *name, unsigned n)
{
    FILE *file = open_file(name);
    EVP_PKEY *pkey = pkey_of(n);
    assert_int_equal(PEM_write_PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
    EVP_PKEY_free(pkey);
}

static void put_folder(const char *name)
{
    assert_int_equal(mkdir(path_of(name), 0755), 0);
}

static void check_key(size_t i, unsigned n, bool is_revoked)
{
    struct sample_key key;

    sample_key_make(&key, n);
    assert_memory_equal(list.keys[i].id, key.known.id, TDM_KEY_ID_LEN);
    assert_memory_equal(list.keys[i].point, key.known.point, TDM_P256_LEN);
    assert_int_equal(list.keys[i].is_revoked, is_revoked);
    sample_key_free(&key);
}

static void load(const char *trusted, const char *revoked)
{
    if (keys_load(trusted ? path_of(trusted) : NULL, revoked ? path_of(revoked) : "", &list, &why) != TDM_OK)
        fail_msg("%s: %s %s", list.file, why.code, why.what);
    assert_string_equal(list.file, "");
}

static int make_base(void **state)
{
    if (temp_dir_make(state) != 0)
        return 1;
    (void)snprintf(base, sizeof base, "%s", temp_dir);
    return 0;
}

/* ---- what is taken ---- */

static void nothing_configured_is_no_key(void **state)
{
    (void)state;
    load(NULL, NULL);
    assert_int_equal(list.count, 0);
}

static void one_file_with_comments(void **state)
{
    (void)state;
    put_text("keys.pem", "# the release key\n\n");
    put_key("keys.pem", 1);
    put_text("keys.pem", "\r\n \t\n# the spare one, in the safe");
    put_text("keys.pem", "\n");
    put_key("keys.pem", 2);
    put_text("keys.pem", "# end");
    load("keys.pem", NULL);
    assert_int_equal(list.count, 2);
    check_key(0, 1, false);
    check_key(1, 2, false);
}

static void a_folder_in_the_order_of_names(void **state)
{
    (void)state;
    put_folder("keys");
    put_key("keys/b.pem", 1);
    put_key("keys/a.pem", 2);
    put_key("keys/a.pem", 3);
    put_text("keys/a.pem~", "left by an editor");
    put_text("keys/README", "which key is whose");
    put_private("keys/.hidden.pem", 9);
    put_text("keys/.pem", "x");
    load("keys", NULL);
    assert_int_equal(list.count, 3);
    check_key(0, 2, false);
    check_key(1, 3, false);
    check_key(2, 1, false);
}

static void a_link_is_the_file_it_leads_to(void **state)
{
    (void)state;
    put_folder("keys");
    put_key("release", 1);
    assert_int_equal(symlink("../release", path_of("keys/a.pem")), 0);
    load("keys", NULL);
    assert_int_equal(list.count, 1);
    check_key(0, 1, false);
}

/* Whoever shares the owner's group is trusted as the owner is. */
static void a_group_may_write(void **state)
{
    (void)state;
    put_folder("keys");
    put_key("keys/a.pem", 1);
    assert_int_equal(chmod(path_of("keys/a.pem"), 0664), 0);
    assert_int_equal(chmod(path_of("keys"), 0775), 0);
    load("keys", NULL);
    assert_int_equal(list.count, 1);
}

/* As in /tmp: everybody may put something beside it, and only its owner may take it away. */
static void what_is_ours_in_a_sticky_folder(void **state)
{
    (void)state;
    put_folder("sticky");
    put_folder("sticky/keys");
    put_key("sticky/keys/a.pem", 1);
    assert_int_equal(chmod(path_of("sticky"), 01777), 0);
    load("sticky/keys", NULL);
    assert_int_equal(list.count, 1);
    if (geteuid() != 0)
        skip(); /* only root can give it to somebody else */
    assert_int_equal(chown(path_of("sticky/keys"), 65534, 65534), 0);
    assert_int_equal(keys_load(path_of("sticky/keys"), NULL, &list, &why), TDM_E_ACCESS);
    assert_string_equal(why.code, "keys_open");
}

static void revoked_wins(void **state)
{
    (void)state;
    put_key("keys.pem", 1);
    put_key("keys.pem", 2);
    put_folder("revoked");
    put_key("revoked/old.pem", 2);
    put_key("revoked/older.pem", 3);
    put_key("revoked/same.pem", 3);
    put_text("revoked/README", "whose keys these were\n");
    put_folder("revoked/notes");
    put_key("revoked/.new.pem", 1);
    load("keys.pem", "revoked");
    assert_int_equal(list.count, 3);
    check_key(0, 1, false);
    check_key(1, 2, true);
    check_key(2, 3, true);
}

static void revoked_alone(void **state)
{
    (void)state;
    put_key("revoked.pem", 4);
    load(NULL, "revoked.pem");
    assert_int_equal(list.count, 1);
    check_key(0, 4, true);
}

static EVP_PKEY *encoded(unsigned n, const char *param, const char *value)
{
    EVP_PKEY *pkey = pkey_of(n);
    assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, param, value), 1);
    return pkey;
}

/* One key has one id, however its owner wrote it down. */
static void other_encodings_of_the_same_key(void **state)
{
    (void)state;
    put_pkey("compressed.pem", encoded(1, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"));
    put_pkey("explicit.pem", encoded(1, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"));
    load("compressed.pem", NULL);
    assert_int_equal(list.count, 1);
    check_key(0, 1, false);
    load("explicit.pem", NULL);
    assert_int_equal(list.count, 1);
    check_key(0, 1, false);
}

static void sixteen_keys_are_room_enough(void **state)
{
    (void)state;
    for (unsigned n = 0; n < TDM_KEYS_MAX; n++)
        put_key("keys.pem", n);
    put_key("revoked.pem", 0);
    load("keys.pem", "revoked.pem");
    assert_int_equal(list.count, TDM_KEYS_MAX);
    check_key(0, 0, true);
    check_key(TDM_KEYS_MAX - 1, TDM_KEYS_MAX - 1, false);
}

/* ---- what is refused ---- */

static void make_private(void)
{
    put_folder("keys");
    put_key("keys/a.pem", 1);
    put_private("keys/b.pem", 2);
}
static void make_private_behind_public(void)
{
    put_key("keys", 1);
    put_private("keys", 1);
}
static void make_private_with_parameters(void)
{
    put_text("keys", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n");
    put_text("keys", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n");
}
static void make_encrypted(void)
{
    put_text("keys", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
}
static void make_p384(void)
{
    put_pkey("keys", EVP_EC_gen("P-384"));
}
static void make_k1(void)
{
    put_pkey("keys", EVP_EC_gen("secp256k1"));
}
static void make_rsa(void)
{
    put_pkey("keys", EVP_RSA_gen(2048));
}
static void make_ed25519(void)
{
    put_pkey("keys", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
}
static void make_doubled(void)
{
    put_folder("keys");
    put_key("keys/a.pem", 1);
    put_key("keys/b.pem", 2);
    put_key("keys/c.pem", 1);
}
static void make_doubled_encoding(void)
{
    put_key("keys", 1);
    put_pkey("keys", encoded(1, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"));
}
static void make_seventeen(void)
{
    for (unsigned n = 0; n <= TDM_KEYS_MAX; n++)
        put_key("keys", n);
}
static void make_seventeen_with_revoked(void)
{
    for (unsigned n = 0; n < TDM_KEYS_MAX; n++)
        put_key("keys", n);
    put_key("revoked", 50);
}
static void make_empty_file(void)
{
    put_text("keys", "# none yet\n");
}
static void make_empty_folder(void)
{
    put_folder("keys");
    put_key("keys/release.pub", 1);
}
static void make_empty_revoked(void)
{
    put_key("keys", 1);
    put_folder("revoked");
}
static void make_nothing(void)
{
}
static void make_dangling(void)
{
    put_folder("keys");
    assert_int_equal(symlink("nowhere", path_of("keys/a.pem")), 0);
}
static void make_loop(void)
{
    put_folder("keys");
    assert_int_equal(symlink("a.pem", path_of("keys/a.pem")), 0);
}
static void make_pipe(void)
{
    put_folder("keys");
    assert_int_equal(mkfifo(path_of("keys/a.pem"), 0600), 0);
}
static void open_to_all(const char *name, mode_t mode)
{
    assert_int_equal(chmod(path_of(name), mode), 0);
}
static void make_open_file(void)
{
    put_key("keys", 1);
    open_to_all("keys", 0646);
}
static void make_open_file_in_the_folder(void)
{
    put_folder("keys");
    put_key("keys/a.pem", 1);
    put_key("keys/b.pem", 2);
    open_to_all("keys/b.pem", 0606);
}
static void make_open_folder(void)
{
    put_folder("keys");
    put_key("keys/a.pem", 1);
    open_to_all("keys", 01777);
}
static void make_open_revoked(void)
{
    put_key("keys", 1);
    put_folder("revoked");
    open_to_all("revoked", 0777);
}
static void make_link_to_an_open_file(void)
{
    put_folder("keys");
    put_key("elsewhere", 1);
    open_to_all("elsewhere", 0666);
    assert_int_equal(symlink("../elsewhere", path_of("keys/a.pem")), 0);
}
static void make_file_in_an_open_folder(void)
{
    put_folder("open");
    put_key("open/a.pem", 1);
    open_to_all("open", 0757);
}
static void make_folder_far_below_an_open_one(void)
{
    put_folder("open");
    put_folder("open/in");
    put_folder("open/in/keys");
    put_key("open/in/keys/a.pem", 1);
    open_to_all("open", 0777);
}
static void make_link_into_an_open_folder(void)
{
    make_file_in_an_open_folder();
    put_folder("keys");
    assert_int_equal(symlink("../open/a.pem", path_of("keys/a.pem")), 0);
}
static void make_link_in_an_open_folder(void)
{
    put_folder("open");
    put_key("elsewhere", 1);
    assert_int_equal(symlink("../elsewhere", path_of("open/a.pem")), 0);
    open_to_all("open", 0777);
}
static void make_folder_named_pem(void)
{
    put_folder("keys");
    put_folder("keys/a.pem");
}
static void make_certificate(void)
{
    put_text("keys", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
}
static void make_text_before(void)
{
    put_text("keys", "Public-Key: (256 bit)\n");
    put_key("keys", 1);
}
static void make_text_behind(void)
{
    put_key("keys", 1);
    put_text("keys", "x");
}
static void make_zeros_behind(void)
{
    FILE *file;
    put_key("keys", 1);
    file = open_file("keys");
    assert_int_equal(fputc(0, file), 0);
    assert_int_equal(fclose(file), 0);
}
static void make_damaged_base64(void)
{
    put_text("keys", "-----BEGIN PUBLIC KEY-----\n*!\n-----END PUBLIC KEY-----\n");
}
static void make_damaged_der(void)
{
    put_text("keys", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
}
static void make_no_end(void)
{
    put_key("keys", 1);
    put_text("keys", "-----BEGIN PUBLIC KEY-----\nAAAA\n");
}
static void put_der(const char *name, const uint8_t *der, long len)
{
    FILE *file = open_file(name);
    assert_int_equal(PEM_write(file, PEM_STRING_PUBLIC, "", der, len) > 0, 1);
    assert_int_equal(fclose(file), 0);
}
static int key_der(uint8_t *der)
{
    uint8_t *at = der;
    EVP_PKEY *pkey = pkey_of(1);
    int len = i2d_PUBKEY(pkey, &at);
    EVP_PKEY_free(pkey);
    return len;
}
static void make_junk_inside(void)
{
    uint8_t der[100] = {0};
    put_der("keys", der, key_der(der) + 1);
}
static void make_point_off_the_curve(void)
{
    uint8_t der[100];
    int len = key_der(der);
    der[len - 1] ^= 1;
    put_der("keys", der, len);
}
static void make_long_file(void)
{
    put_key("keys", 1);
    for (int i = 0; i < 66; i++) {
        char line[1002];
        memset(line, '#', 1000);
        line[1000] = '\n';
        line[1001] = '\0';
        put_text("keys", line);
    }
}
static void make_private_revoked(void)
{
    put_key("keys", 1);
    put_private("revoked", 2);
}
static void make_revoked_by_another_name(void)
{
    put_key("keys", 1);
    put_folder("revoked");
    put_key("revoked/a.pem", 2);
    put_text("revoked/stolen.pub", "# of the old release machine\n");
    put_key("revoked/stolen.pub", 1);
}

static const struct {
    const char *name;
    void (*make)(void);
    const char *trusted, *revoked, *file;
    tdm_err err;
    const char *code;
} bad[] = {
    {"private key in the folder", make_private, "keys", "", "keys/b.pem", TDM_E_FORMAT, "key_is_private"},
    {"private key behind a public one", make_private_behind_public, "keys", "", "keys", TDM_E_FORMAT, "key_is_private"},
    {"private key as openssl ecparam writes it", make_private_with_parameters, "keys", "", "keys", TDM_E_FORMAT,
     "key_is_private"},
    {"encrypted private key", make_encrypted, "keys", "", "keys", TDM_E_FORMAT, "key_is_private"},
    {"private key in the revoked place", make_private_revoked, "keys", "revoked", "revoked", TDM_E_FORMAT,
     "key_is_private"},
    {"P-384", make_p384, "keys", "", "keys", TDM_E_FORMAT, "key_wrong_kind"},
    {"another curve of 256 bits", make_k1, "keys", "", "keys", TDM_E_FORMAT, "key_wrong_kind"},
    {"RSA", make_rsa, "keys", "", "keys", TDM_E_FORMAT, "key_wrong_kind"},
    {"Ed25519", make_ed25519, "keys", "", "keys", TDM_E_FORMAT, "key_wrong_kind"},
    {"one key in two files", make_doubled, "keys", "", "keys/c.pem", TDM_E_FORMAT, "key_doubled"},
    {"one key in two encodings", make_doubled_encoding, "keys", "", "keys", TDM_E_FORMAT, "key_doubled"},
    {"17 keys", make_seventeen, "keys", "", "keys", TDM_E_NO_ROOM, "too_many_keys"},
    {"17 keys with the revoked one", make_seventeen_with_revoked, "keys", "revoked", "revoked", TDM_E_NO_ROOM,
     "too_many_keys"},
    {"no key in the file", make_empty_file, "keys", "", "keys", TDM_E_NOT_FOUND, "no_keys"},
    {"no .pem in the folder", make_empty_folder, "keys", "", "keys", TDM_E_NOT_FOUND, "no_keys"},
    {"no key in the revoked place", make_empty_revoked, "keys", "revoked", "revoked", TDM_E_NOT_FOUND, "no_keys"},
    {"no such place", make_nothing, "keys", "", "keys", TDM_E_NOT_FOUND, "key_file_missing"},
    {"no such revoked place", make_doubled_encoding, "", "revoked", "revoked", TDM_E_NOT_FOUND, "key_file_missing"},
    {"a link to nowhere", make_dangling, "keys", "", "keys/a.pem", TDM_E_NOT_FOUND, "key_file_missing"},
    {"a link to itself", make_loop, "keys", "", "keys/a.pem", TDM_E_IO, "key_file_unreadable"},
    {"a pipe", make_pipe, "keys", "", "keys/a.pem", TDM_E_FORMAT, "bad_key_file"},
    {"a file that everybody may write to", make_open_file, "keys", "", "keys", TDM_E_ACCESS, "keys_open"},
    {"such a file in the folder", make_open_file_in_the_folder, "keys", "", "keys/b.pem", TDM_E_ACCESS, "keys_open"},
    {"a folder that everybody may write to", make_open_folder, "keys", "", "keys", TDM_E_ACCESS, "keys_open"},
    {"a revoked folder that everybody may write to", make_open_revoked, "keys", "revoked", "revoked", TDM_E_ACCESS,
     "keys_open"},
    {"a link to a file that everybody may write to", make_link_to_an_open_file, "keys", "", "keys/a.pem", TDM_E_ACCESS,
     "keys_open"},
    {"a file that everybody may put another one in the place of", make_file_in_an_open_folder, "open/a.pem", "",
     "open/a.pem", TDM_E_ACCESS, "keys_open"},
    {"a folder below one that everybody may write to", make_folder_far_below_an_open_one, "open/in/keys", "",
     "open/in/keys", TDM_E_ACCESS, "keys_open"},
    {"a link into such a folder", make_link_into_an_open_folder, "keys", "", "keys/a.pem", TDM_E_ACCESS, "keys_open"},
    {"a link in such a folder", make_link_in_an_open_folder, "open/a.pem", "", "open/a.pem", TDM_E_ACCESS, "keys_open"},
    {"a folder named like a key", make_folder_named_pem, "keys", "", "keys/a.pem", TDM_E_FORMAT, "bad_key_file"},
    {"a certificate", make_certificate, "keys", "", "keys", TDM_E_FORMAT, "bad_key_file"},
    {"text before the key", make_text_before, "keys", "", "keys", TDM_E_FORMAT, "bad_key_file"},
    {"text behind the key", make_text_behind, "keys", "", "keys", TDM_E_FORMAT, "bad_key_file"},
    {"a zero byte behind the key", make_zeros_behind, "keys", "", "keys", TDM_E_FORMAT, "bad_key_file"},
    {"no base64", make_damaged_base64, "keys", "", "keys", TDM_E_FORMAT, "bad_key_file"},
    {"no key inside", make_damaged_der, "keys", "", "keys", TDM_E_FORMAT, "bad_key_file"},
    {"a block without end", make_no_end, "keys", "", "keys", TDM_E_FORMAT, "bad_key_file"},
    {"a byte behind the key, inside the block", make_junk_inside, "keys", "", "keys", TDM_E_FORMAT, "bad_key_file"},
    {"a point off the curve", make_point_off_the_curve, "keys", "", "keys", TDM_E_FORMAT, "bad_key_file"},
    {"a revoked key that does not count by its name", make_revoked_by_another_name, "keys", "revoked",
     "revoked/stolen.pub", TDM_E_FORMAT, "bad_key_file"},
    {"more than 64 KiB", make_long_file, "keys", "", "keys", TDM_E_FORMAT, "bad_key_file"},
};

static void refused_with_the_file_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(base, sizeof base, "%s/%zu", temp_dir, i);
        assert_int_equal(mkdir(base, 0755), 0);
        bad[i].make();
        tdm_err err = keys_load(bad[i].trusted[0] ? path_of(bad[i].trusted) : "",
                                bad[i].revoked[0] ? path_of(bad[i].revoked) : NULL, &list, &why);
        if (err != bad[i].err || strcmp(why.code, bad[i].code) != 0)
            fail_msg("%s: answered %s %s (%s)", bad[i].name, tdm_err_name(err), why.code, why.what);
        if (strcmp(list.file, path_of(bad[i].file)) != 0)
            fail_msg("%s: names %s", bad[i].name, list.file);
        if (list.count != 0)
            fail_msg("%s: leaves a key in the list", bad[i].name);
    }
}

static void a_name_too_long(void **state)
{
    char name[KEYS_PATH_MAX + 1];

    (void)state;
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(keys_load(name, NULL, &list, &why), TDM_E_FORMAT);
    assert_string_equal(why.code, "bad_key_file");
}

#define WITH_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_base, temp_dir_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(nothing_configured_is_no_key),
        WITH_FOLDER(one_file_with_comments),
        WITH_FOLDER(a_folder_in_the_order_of_names),
        WITH_FOLDER(a_link_is_the_file_it_leads_to),
        WITH_FOLDER(a_group_may_write),
        WITH_FOLDER(what_is_ours_in_a_sticky_folder),
        WITH_FOLDER(revoked_wins),
        WITH_FOLDER(revoked_alone),
        WITH_FOLDER(other_encodings_of_the_same_key),
        WITH_FOLDER(sixteen_keys_are_room_enough),
        WITH_FOLDER(refused_with_the_file_named),
        WITH_FOLDER(a_name_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
