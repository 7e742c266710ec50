/* A made-up SDF library (GM/T 0018) for tests: keys lie as files in FOLDER, the openssl command computes. It misbehaves when a file tells it
   to: "crash", "hang", "no". It prints, as such libraries do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct { unsigned int bits; unsigned char x[64]; unsigned char y[64]; } PublicKey;
typedef struct { unsigned char r[64]; unsigned char s[64]; } Signature;
typedef struct { unsigned char x[64]; unsigned char y[64]; unsigned char M[32]; unsigned int L; unsigned char C[1]; } Cipher;

static int here(const char *name) { char path[400]; snprintf(path, sizeof path, "%s/%s", FOLDER, name); return access(path, F_OK) == 0; }

static unsigned int mood(void) {
    printf("SDF 1.0: a library that prints\n");
    fflush(stdout);
    if (here("crash")) abort();
    if (here("hang")) sleep(60);
    return here("no") ? 0x01000001u : 0;
}

static size_t load(const char *name, unsigned char *to, size_t most) {
    char path[400]; snprintf(path, sizeof path, "%s/%s", FOLDER, name);
    FILE *file = fopen(path, "rb"); if (!file) return 0;
    size_t length = fread(to, 1, most, file); fclose(file); return length;
}

static void keep(const char *name, const unsigned char *from, size_t length) {
    char path[400]; snprintf(path, sizeof path, "%s/%s", FOLDER, name);
    FILE *file = fopen(path, "wb"); fwrite(from, 1, length, file); fclose(file);
}

static unsigned int openssl(const char *arguments) {
    char command[900]; snprintf(command, sizeof command, "cd '%s' && rm -f out && openssl %s 2> /dev/null", FOLDER, arguments);
    return system(command) == 0 ? 0 : 0x0100000Bu;
}

unsigned int SDF_OpenDevice(void **device) { *device = (void *)1; return mood(); }
unsigned int SDF_OpenSession(void *device, void **session) { *session = device ? (void *)2 : 0; return *session ? 0 : 1; }

unsigned int SDF_GetPrivateKeyAccessRight(void *session, unsigned int index, unsigned char *pin, unsigned int length) {
    return session == (void *)2 && index == 1 && length == 8 && memcmp(pin, "87654321", 8) == 0 ? 0 : 0x0100000Eu;
}

static unsigned int point(const char *name, PublicKey *key) {
    unsigned char raw[64];
    memset(key, 0, sizeof *key);
    if (load(name, raw, 64) != 64) return 0x01000008u;
    key->bits = 256; memcpy(key->x + 32, raw, 32); memcpy(key->y + 32, raw + 32, 32);
    return mood();
}

unsigned int SDF_ExportSignPublicKey_ECC(void *session, unsigned int index, PublicKey *key) { return index == 1 ? point("sign.pub", key) : 8; }
unsigned int SDF_ExportEncPublicKey_ECC(void *session, unsigned int index, PublicKey *key) { return index == 1 ? point("seal.pub", key) : 8; }

static const unsigned char *number(const unsigned char *der, unsigned char *to) {
    int length = der[1]; const unsigned char *value = der + 2;
    while (length > 32) { value++; length--; }
    memset(to, 0, 64); memcpy(to + 64 - length, value, (size_t)length);
    return value + length;
}

unsigned int SDF_InternalSign_ECC(void *session, unsigned int index, unsigned char *data, unsigned int length, Signature *made) {
    unsigned char der[200]; unsigned int code = mood();
    if (code) return code;
    keep("digest", data, length);
    if (openssl("pkeyutl -sign -keyform DER -inkey sign.der -in digest -out out")) return 0x0100000Bu;
    if (load("out", der, sizeof der) < 8) return 0x0100000Bu;
    number(number(der + 2, made->r), made->s);
    return 0;
}

static size_t put(unsigned char *to, const unsigned char *value) { /* an INTEGER of 32 bytes */
    size_t start = 0, at = 2;
    while (start < 31 && value[start] == 0) start++;
    if (value[start] & 0x80) to[at++] = 0;
    memcpy(to + at, value + start, 32 - start); at += 32 - start;
    to[0] = 2; to[1] = (unsigned char)(at - 2);
    return at;
}

#ifdef WITH_ALGORITHM
unsigned int SDF_InternalDecrypt_ECC(void *session, unsigned int index, unsigned int algorithm, Cipher *given, unsigned char *plain, unsigned int *length) {
    if (algorithm != 0x00020800u) return 0x01000009u;
#else
unsigned int SDF_InternalDecrypt_ECC(void *session, unsigned int index, Cipher *given, unsigned char *plain, unsigned int *length) {
#endif
    unsigned char body[300], der[310]; size_t at = 0, n; unsigned int code = mood();
    if (code) return code;
    at += put(body + at, given->x + 32); at += put(body + at, given->y + 32);
    body[at++] = 4; body[at++] = 32; memcpy(body + at, given->M, 32); at += 32;
    body[at++] = 4; body[at++] = (unsigned char)given->L; memcpy(body + at, given->C, given->L); at += given->L;
    der[0] = 0x30; if (at < 128) { der[1] = (unsigned char)at; n = 2; } else { der[1] = 0x81; der[2] = (unsigned char)at; n = 3; }
    memcpy(der + n, body, at); keep("sealed", der, n + at);
    if (openssl("pkeyutl -decrypt -keyform DER -inkey seal.der -in sealed -out out")) return 0x0100000Cu;
    *length = (unsigned int)load("out", plain, *length);
    return 0;
}
