/* Wrappers for the variadic functions and the macros of libcurl that Swift cannot import, and nothing else. */
#ifndef CCURL_SHIM_H
#define CCURL_SHIM_H

#include <curl/curl.h>

/* CURLOPT_QUICK_EXIT(3) needs 7.87.0. At run time the program also checks the version of the loaded library. */
#define CCURL_OLDEST 0x075700
#if LIBCURL_VERSION_NUM < CCURL_OLDEST
#error "modelfetch needs libcurl 7.87.0 or later"
#endif
static const unsigned int ccurl_oldest_version = CCURL_OLDEST;

/* curl_easy_setopt(3) is variadic: one wrapper for each type of value. */
static inline CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode ccurl_set_off_t(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}
typedef size_t (*ccurl_data_callback)(char *data, size_t size, size_t count, void *context);
static inline CURLcode ccurl_set_data_callback(CURL *handle, CURLoption option, ccurl_data_callback value) {
    return curl_easy_setopt(handle, option, value);
}

/* curl_easy_getinfo(3), likewise. */
static inline CURLcode ccurl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode ccurl_get_off_t(CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode ccurl_get_string(CURL *handle, CURLINFO info, const char **value) {
    return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode ccurl_get_pointer(CURL *handle, CURLINFO info, void **value) {
    return curl_easy_getinfo(handle, info, value);
}

/* curl_multi_setopt(3), likewise. */
static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

/* Swift does not import macros that contain a cast or a shift. */
static const size_t ccurl_writefunc_pause = CURL_WRITEFUNC_PAUSE;
static const size_t ccurl_writefunc_error = CURL_WRITEFUNC_ERROR;
static const int ccurl_pause_cont = CURLPAUSE_CONT;
static const unsigned long ccurl_http_auth_basic = CURLAUTH_BASIC;
static const long ccurl_global_all = CURL_GLOBAL_ALL;

/* Enumerators that curl_easy_setopt(3) and curl_multi_setopt(3) take as a long. */
static const long ccurl_http_version_1_1 = CURL_HTTP_VERSION_1_1;
static const long ccurl_http_version_2_tls = CURL_HTTP_VERSION_2TLS;
static const long ccurl_tls_1_2 = CURL_SSLVERSION_TLSv1_2;
static const long ccurl_netrc_ignored = CURL_NETRC_IGNORED;
static const long ccurl_netrc_optional = CURL_NETRC_OPTIONAL;
static const long ccurl_header_separate = CURLHEADER_SEPARATE;
static const long ccurl_pipe_nothing = CURLPIPE_NOTHING;

/* curl_version_info(3): CURLVERSION_NOW is a macro. */
static inline unsigned int ccurl_running_version(void) { return curl_version_info(CURLVERSION_NOW)->version_num; }

/* CURLMsg holds its result in an anonymous union. */
static inline CURLcode ccurl_message_result(const CURLMsg *message) { return message->data.result; }

#endif
