/* The one place that touches libcrypto for hashing: see hash.h. */
#include "lib/ext/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>

void sha256_hex(const void *data, size_t len, char ret[SHA256_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[SHA256_HEX / 2];

	/* Fails only when memory is out or libcrypto has no SHA-256. */
	if (!EVP_Digest(len ? data : "", len, sum, NULL, EVP_sha256(), NULL))
		abort();
	for (size_t i = 0; i < sizeof(sum); i++) {
		ret[2 * i] = digits[sum[i] >> 4];
		ret[2 * i + 1] = digits[sum[i] & 15];
	}
	ret[SHA256_HEX] = '\0';
}
