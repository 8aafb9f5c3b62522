/* SPDX-License-Identifier: Apache-2.0 */
#include "http_curl_token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

bool http_curl_token_is_for(const char *host, const struct http_curl_url *url)
{
    const char *colon = strrchr(host, ':'), *bracket = strrchr(host, ']');
    bool has_port = colon != NULL && (bracket == NULL || colon > bracket);
    char origin[HTTP_ORIGIN_MAX];

    int n = snprintf(origin, sizeof origin, "https://%s%s", host, has_port ? "" : ":443");
    return n > 0 && (size_t)n < sizeof origin && strcasecmp(origin, url->origin) == 0;
}

/* -1: see the fault. */
static int open_secret(const char *path, struct tdm_fault *why)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool may_not = fd < 0 && errno == EACCES;

    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)tdm_fault_set(why, may_not ? TDM_E_ACCESS : TDM_E_NOT_FOUND, "credentials_file",
                            "the file with the credentials cannot be read", 0);
    } else if ((st.st_mode & (S_IROTH | S_IWOTH)) != 0) {
        (void)tdm_fault_set(why, TDM_E_ACCESS, "credentials_open", "everybody may read or write these credentials", 0);
    } else {
        return fd;
    }
    if (fd >= 0)
        (void)close(fd); /* only read */
    return -1;
}

static bool is_token(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~')
            return false;
    }
    return text[0] != '\0';
}

static tdm_err read_token(const char *path, char out[HTTP_TOKEN_MAX], struct tdm_fault *why)
{
    int fd = open_secret(path, why);
    size_t len = 0;
    ssize_t n = 1;

    if (fd < 0)
        return why->err;
    while (n > 0 && len < HTTP_TOKEN_MAX) {
        n = read(fd, out + len, HTTP_TOKEN_MAX - len);
        len += n > 0 ? (size_t)n : 0;
    }
    (void)close(fd); /* only read */
    while (len > 0 && len < HTTP_TOKEN_MAX && strchr(" \t\r\n", out[len - 1]) != NULL)
        len--;
    out[len < HTTP_TOKEN_MAX ? len : 0] = '\0';
    if (n < 0 || !is_token(out))
        return tdm_fault_set(why, TDM_E_FORMAT, "credentials_file", "the file does not hold one token", 0);
    return TDM_OK;
}

static tdm_err check_netrc(const char *path, struct tdm_fault *why)
{
    int fd = open_secret(path, why);

    if (fd < 0)
        return why->err;
    (void)close(fd); /* the library reads it */
    return TDM_OK;
}

tdm_err http_curl_token_read(const struct http_curl_config *cfg, const struct http_curl_url *url,
                             char out[HTTP_TOKEN_MAX], const char **file, struct tdm_fault *why)
{
    out[0] = '\0';
    *file = cfg->netrc;
    if (is_set(cfg->netrc) && check_netrc(cfg->netrc, why) != TDM_OK)
        return why->err;
    if (!is_set(cfg->token_file))
        return TDM_OK;
    *file = cfg->token_file;
    if (!is_set(cfg->token_host))
        return tdm_fault_set(why, TDM_E_FORMAT, "token_without_host", "a token, and no server that it is for", 0);
    return http_curl_token_is_for(cfg->token_host, url) ? read_token(cfg->token_file, out, why) : TDM_OK;
}
