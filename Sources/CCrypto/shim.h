/* OpenSSL's libcrypto: the EVP interface, and wrappers for macros that Swift cannot import. */
#ifndef CCRYPTO_SHIM_H
#define CCRYPTO_SHIM_H

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/err.h>

/* EVP_CTRL_AEAD_GET_TAG, see EVP_EncryptInit(3): copies the first `count` bytes of the tag. */
static inline int ccrypto_get_tag(EVP_CIPHER_CTX *context, int count, void *tag) {
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, count, tag);
}

#endif
