/* Preloaded into a farshored that is to die at its n-th commit, as a host does whose power is cut.
 *
 * FARSHORE_DIE_AT      which sync of the store's write-ahead log; 0: none, only count
 * FARSHORE_DIE_HOW     "kept": after it, what was committed is on disk
 *                      "lost": before it, nothing of the commit has reached the disk
 *                      "torn": before it, half of the commit has
 * FARSHORE_DIE_COUNT   a file that holds the number of syncs so far, as text
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long syncs;
static off_t synced_bytes;

static int is_log(int fd) {
    char link[64];
    char path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 4) {
        return 0;
    }
    path[size] = '\0';
    return strcmp(path + size - 4, "-wal") == 0;
}

static void tell(void) {
    const char* file = getenv("FARSHORE_DIE_COUNT");
    if (file == NULL) {
        return;
    }
    char text[32];
    const int size = snprintf(text, sizeof text, "%ld\n", syncs);
    const int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        const ssize_t ignored = pwrite(fd, text, (size_t)size, 0);
        (void)ignored;
        close(fd);
    }
}

static off_t size_of(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 ? status.st_size : 0;
}

static int sync_log(int fd, int (*real)(int)) {
    const char* at = getenv("FARSHORE_DIE_AT");
    const char* how = getenv("FARSHORE_DIE_HOW");
    const int dies = at != NULL && ++syncs == atol(at);
    const off_t size = size_of(fd);
    if (dies && how != NULL && strcmp(how, "kept") != 0 && size > synced_bytes) {
        const off_t left = strcmp(how, "torn") == 0 ? (size + synced_bytes) / 2 : synced_bytes;
        const int ignored = ftruncate(fd, left);
        (void)ignored;
    }
    const int result = real(fd);
    synced_bytes = size;
    tell();
    if (dies) {
        kill(getpid(), SIGKILL);
    }
    return result;
}

int fdatasync(int fd) {
    static int (*real)(int);
    if (real == NULL) {
        real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    }
    return is_log(fd) ? sync_log(fd, real) : real(fd);
}

int fsync(int fd) {
    static int (*real)(int);
    if (real == NULL) {
        real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    }
    return is_log(fd) ? sync_log(fd, real) : real(fd);
}
