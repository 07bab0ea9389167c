/*
 * Whether this machine would trust what a server shows.  The data: an authority, good for a hundred
 * years; and a server's certificate of the year 2020 for fjord.example, followed by that of the
 * intermediate authority that issued it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/ext/cert.h"

#define AUTHORITY "tests/unit/data/authority.pem"
#define CHAIN     "tests/unit/data/chain.pem"

static void load(const char *path, struct buf *out)
{
	_cleanup_err_ struct err err = ERR_INIT;

	if (buf_read_file(out, path, 1 << 16, &err) < 0)
		fail_msg("%s", err_msg(&err));
}

/* The system's own authorities are none of these tests' business. */
static int know(void **state)
{
	setenv("SSL_CERT_DIR", "/nonexistent", 1);
	return setenv("SSL_CERT_FILE", AUTHORITY, 1);
}

static void expect(const struct buf *pem, size_t from, size_t len, const char *why)
{
	const char *got = cert_distrust(buf_str(pem) + from, len);

	if (!why != !got || (why && !strstr(got, why)))
		fail_msg("%s, not %s", got ? got : "trusted", why ? why : "trusted");
}

static void test_known(void **state)
{
	_cleanup_buf_ struct buf chain = BUF_INIT, own = BUF_INIT;

	load(CHAIN, &chain);
	load(AUTHORITY, &own);
	/* It has long expired: that is judged elsewhere. */
	expect(&chain, 0, chain.len, NULL);
	expect(&own, 0, own.len, NULL);
	assert_true(cert_names(buf_str(&chain), chain.len, "fjord.example"));
	assert_false(cert_names(buf_str(&chain), chain.len, "other.example"));
}

static void test_no_intermediate(void **state)
{
	_cleanup_buf_ struct buf chain = BUF_INIT;
	const char *end;

	load(CHAIN, &chain);
	end = strstr(buf_str(&chain), "-----END CERTIFICATE-----\n");
	assert_non_null(end);
	expect(&chain, 0, (size_t)(end - buf_str(&chain)) + 26, "unable to get local issuer");
}

static void test_unknown(void **state)
{
	_cleanup_buf_ struct buf chain = BUF_INIT, own = BUF_INIT;

	load(CHAIN, &chain);
	load(AUTHORITY, &own);
	setenv("SSL_CERT_FILE", "/dev/null", 1);
	expect(&chain, 0, chain.len, "issuer certificate");
	expect(&own, 0, own.len, "signed certificate");
	/* It comes along, but nobody knows it. */
	buf_add(&chain, buf_str(&own), own.len);
	expect(&chain, 0, chain.len, "signed certificate in certificate chain");
}

static void test_garbage(void **state)
{
	_cleanup_buf_ struct buf chain = BUF_INIT;

	load(CHAIN, &chain);
	assert_non_null(cert_distrust("", 0));
	assert_non_null(cert_distrust("nothing", 7));
	for (size_t i = 0; i < chain.len; i += 97)
		(void)cert_distrust(buf_str(&chain), i);
	/* What follows is no certificate: as if it were not there. */
	buf_adds(&chain, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	expect(&chain, 0, chain.len, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_known, know),
		cmocka_unit_test_setup(test_no_intermediate, know),
		cmocka_unit_test_setup(test_unknown, know),
		cmocka_unit_test_setup(test_garbage, know),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
