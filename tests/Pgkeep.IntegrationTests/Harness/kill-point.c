/*
 * Kills or stops the process right after one of its calls that change what is on disk, or send a signal. To be preloaded.
 *
 * KILL_AT=rename:3         after the third rename, counted over all threads together; nothing where it is not set
 * KILL_WITH=19             by this signal; SIGKILL where it is not set
 * KILL_LOG=FILE            writes the name of each such call, a line each, in their order, and "KILLED" among the last
 * KILL_IN=archive-ahead    not in this process but in one that it starts, whose first argument this is
 *
 * Programs that the process starts otherwise go on without it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char wanted[32];
static int wanted_count;
static int wanted_signal = SIGKILL;
static atomic_int seen;
static int log_fd = -1;

static void note(const char *word)
{
    char line[32];
    size_t length = strlen(word);
    if (log_fd < 0)
        return;
    memcpy(line, word, length);
    line[length] = '\n';
    syscall(SYS_write, log_fd, line, length + 1);
}

__attribute__((constructor)) static void begin(int argc, char **argv)
{
    const char *at = getenv("KILL_AT"), *log = getenv("KILL_LOG"), *in = getenv("KILL_IN"), *with = getenv("KILL_WITH"), *colon = at ? strchr(at, ':') : NULL;
    if (in && (argc < 2 || strcmp(argv[1], in) != 0))
        return;
    if (colon && (size_t)(colon - at) < sizeof wanted)
    {
        memcpy(wanted, at, colon - at);
        wanted_count = atoi(colon + 1);
        wanted_signal = with ? atoi(with) : SIGKILL;
    }

    if (log)
        log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    unsetenv("LD_PRELOAD");
    unsetenv("KILL_AT");
    unsetenv("KILL_LOG");
    unsetenv("KILL_IN");
    unsetenv("KILL_WITH");
}

static void done(const char *call)
{
    int error = errno;
    note(call);
    if (strcmp(call, wanted) == 0 && atomic_fetch_add(&seen, 1) + 1 == wanted_count)
    {
        note("KILLED");
        syscall(SYS_kill, getpid(), wanted_signal);
    }

    errno = error;
}

#define WRAP(type, name, parameters, ...)                              \
    type name parameters                                               \
    {                                                                  \
        static type(*next) parameters;                                 \
        if (!next)                                                     \
            next = (type(*) parameters)dlsym(RTLD_NEXT, #name);        \
        type result = next(__VA_ARGS__);                               \
        done(#name);                                                   \
        return result;                                                 \
    }

WRAP(int, rename, (const char *from, const char *to), from, to)
WRAP(int, renameat2, (int from_at, const char *from, int to_at, const char *to, unsigned flags), from_at, from, to_at, to, flags)
WRAP(int, link, (const char *from, const char *to), from, to)
WRAP(int, symlink, (const char *target, const char *path), target, path)
WRAP(int, unlink, (const char *path), path)
WRAP(int, mkdir, (const char *path, mode_t mode), path, mode)
WRAP(int, rmdir, (const char *path), path)
WRAP(int, chmod, (const char *path, mode_t mode), path, mode)
WRAP(int, fchmod, (int fd, mode_t mode), fd, mode)
WRAP(int, fsync, (int fd), fd)
WRAP(int, syncfs, (int fd), fd)
WRAP(int, ftruncate64, (int fd, off64_t length), fd, length)
WRAP(ssize_t, pwrite64, (int fd, const void *content, size_t length, off64_t offset), fd, content, length, offset)
WRAP(ssize_t, pwritev64, (int fd, const struct iovec *parts, int count, off64_t offset), fd, parts, count, offset)
WRAP(int, lchown, (const char *path, uid_t user, gid_t group), path, user, group)
WRAP(int, futimens, (int fd, const struct timespec times[2]), fd, times)

/* Number 0 only asks whether the process is there. */
int kill(pid_t process, int number)
{
    int result = syscall(SYS_kill, process, number);
    if (number)
        done("kill");
    return result;
}

/* A log; not what is said to a person or to another program. */
ssize_t write(int fd, const void *content, size_t length)
{
    struct stat status;
    ssize_t result = syscall(SYS_write, fd, content, length);
    int error = errno;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        done("write");
    errno = error;
    return result;
}

/* A file that is created. */
#define WRAP_OPEN(name)                                                                            \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        static int (*next)(const char *, int, ...);                                                \
        va_list more;                                                                              \
        mode_t mode = 0;                                                                           \
        if (!next)                                                                                 \
            next = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name);                       \
        va_start(more, flags);                                                                     \
        if (flags & O_CREAT)                                                                       \
            mode = va_arg(more, mode_t);                                                           \
        va_end(more);                                                                              \
        int result = next(path, flags, mode);                                                      \
        if (flags & O_CREAT)                                                                       \
            done("create");                                                                        \
        return result;                                                                             \
    }

WRAP_OPEN(open)
WRAP_OPEN(open64)
