/* Throughput of a guest's devices. Writes one line for each row, as main.c does; the work of a row is fixed.
     io [--raw DEVICE] [--qcow2 DEVICE] [--empty DEVICE] [--server ADDRESS:PORT] ROW...
   Data are looked at outside the measured time, all of them: what came is in the checksum, and what went is read back, or summed
   by the server. */
#define _GNU_SOURCE
#include "bench.h"
#include "drm.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/aio_abi.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    Mebibyte = 1 << 20,
    DiskLength = 256 * Mebibyte,
    LargeBlock = Mebibyte,
    LargePasses = 4,
    SmallBlock = 4096,
    SmallCount = 8192,
    Deep = 16,
    NetLength = 64 * Mebibyte,
    DefaultMtu = 1500,
    LargeMtu = 65520,          /* what passt tells by DHCP */
    LargeNetPasses = 4,
    FlushedFrames = 1000,
    DrawnFrames = 500,
};

static const char *raw_disk, *qcow2_disk, *empty_disk, *server;

static void report(const char *row, const char *group, double time, uint64_t sum)
{
    printf("hearth-bench %s %s %.6f %016" PRIx64 " -\n", row, group, time, sum);
    fflush(stdout);
}

static void fill(uint8_t *data, size_t bytes, uint64_t seed)
{
    for (size_t at = 0; at < bytes; at += sizeof seed) {
        uint64_t word = next_random(&seed);
        memcpy(data + at, &word, sizeof word);
    }
}

/* Disks ---------------------------------------------------------------------------------------------------------------------- */

struct disk {
    int file;
    uint8_t *data;       /* DiskLength bytes: every block has its own place */
    int writes;
    size_t block;
    size_t *order;       /* block numbers */
    size_t count;
};

static size_t *sequence(size_t count, size_t passes)
{
    size_t *order = allocate(count * passes * sizeof *order);
    for (size_t i = 0; i < count * passes; i++)
        order[i] = i % count;
    return order;
}

/* The first of all blocks of the disk in a random order, none of them twice. */
static size_t *shuffle(size_t blocks, uint64_t seed)
{
    size_t *order = sequence(blocks, 1);
    for (size_t i = blocks - 1; i > 0; i--) {
        size_t other = next_random(&seed) % (i + 1), block = order[i];
        order[i] = order[other];
        order[other] = block;
    }
    return order;
}

static void transfer_one(const struct disk *disk, size_t block)
{
    uint8_t *at = disk->data + block * disk->block;
    off_t offset = (off_t)(block * disk->block);
    ssize_t moved = disk->writes ? pwrite(disk->file, at, disk->block, offset) : pread(disk->file, at, disk->block, offset);
    if (moved != (ssize_t)disk->block)
        fail("a transfer");
}

static void transfer_each(const struct disk *disk, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++)
        transfer_one(disk, disk->order[i]);
}

static void prepare_request(const struct disk *disk, struct iocb *request, size_t block)
{
    memset(request, 0, sizeof *request);
    request->aio_lio_opcode = disk->writes ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
    request->aio_fildes = disk->file;
    request->aio_buf = (uintptr_t)(disk->data + block * disk->block);
    request->aio_nbytes = disk->block;
    request->aio_offset = (int64_t)(block * disk->block);
    request->aio_data = (uintptr_t)request;
}

/* Deep requests at any time, by the kernel's own asynchronous I/O (io_submit(2)). */
static void transfer_deep(const struct disk *disk, size_t first, size_t count)
{
    aio_context_t context = 0;
    static struct iocb requests[Deep];
    struct iocb *ready[Deep];
    struct io_event events[Deep];
    size_t next = first, done = 0;
    long free_count = 0;
    if (syscall(SYS_io_setup, Deep, &context) != 0)
        fail("io_setup");
    for (int i = 0; i < Deep; i++)
        ready[free_count++] = &requests[i];
    while (done < count) {
        long submitting = 0;
        while (submitting < free_count && next < first + count)
            prepare_request(disk, ready[submitting++], disk->order[next++]);
        if (submitting > 0 && syscall(SYS_io_submit, context, submitting, ready) != submitting)
            fail("io_submit");
        free_count = syscall(SYS_io_getevents, context, 1, Deep, events, NULL);
        if (free_count < 1)
            fail("io_getevents");
        for (long i = 0; i < free_count; i++) {
            if (events[i].res != (int64_t)disk->block)
                fail("a transfer");
            ready[i] = (struct iocb *)(uintptr_t)events[i].data;
        }
        done += (size_t)free_count;
    }
    syscall(SYS_io_destroy, context);
}

/* Everything that is on the disk now. */
static uint64_t sum_of_disk(struct disk *disk)
{
    memset(disk->data, 0, DiskLength);
    for (size_t at = 0; at < DiskLength; at += LargeBlock)
        if (pread(disk->file, disk->data + at, LargeBlock, (off_t)at) != LargeBlock)
            fail("reading back");
    return checksum(disk->data, DiskLength);
}

static uint64_t sum_of_blocks(const struct disk *disk)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < disk->count; i++)
        sum = mix(sum, checksum(disk->data + disk->order[i] * disk->block, disk->block));
    return sum;
}

struct disk_row {
    const char *name;
    int writes;
    size_t block;
    int is_deep;
};

static const struct disk_row disk_rows[] = {
    { "read-1m", 0, LargeBlock, 0 },
    { "write-1m", 1, LargeBlock, 0 },
    { "read-4k", 0, SmallBlock, 0 },
    { "write-4k", 1, SmallBlock, 0 },
    { "read-4k-deep", 0, SmallBlock, 1 },
    { "write-4k-deep", 1, SmallBlock, 1 },
};

/* A quarter of the work, or one pass, goes before the measured time: translators and caches are warm then. */
static void run_disk(const char *name, const char *group, const char *device, const struct disk_row *row)
{
    int is_large = row->block == LargeBlock, is_empty = device == empty_disk;
    void (*transfer)(const struct disk *, size_t, size_t) = row->is_deep ? transfer_deep : transfer_each;
    size_t blocks = DiskLength / row->block, warm = is_empty ? 0 : is_large ? blocks : SmallCount / 4;
    struct disk disk = {
        .file = open(device, O_RDWR | O_DIRECT),
        .data = allocate(DiskLength),
        .writes = row->writes,
        .block = row->block,
        .order = is_large ? sequence(blocks, LargePasses + 1) : shuffle(blocks, 5 + row->writes),
        .count = is_empty ? blocks : is_large ? blocks * LargePasses : SmallCount,
    };
    if (disk.file < 0)
        fail(device);
    if (row->writes)
        fill(disk.data, DiskLength, 3 + row->is_deep + (is_large ? 0 : 2));
    transfer(&disk, 0, warm);
    double start = seconds();
    transfer(&disk, warm, disk.count);
    double time = seconds() - start;
    disk.order += warm;
    report(name, group, time, row->writes ? sum_of_disk(&disk) : sum_of_blocks(&disk));
    close(disk.file);
    munmap(disk.data, DiskLength);
}

static int try_disk(const char *name)
{
    const struct { const char *group, *device; } disks[] = { { "raw", raw_disk }, { "qcow2", qcow2_disk } };
    if (strcmp(name, "qcow2-grow-1m") == 0 && empty_disk) {
        run_disk(name, "qcow2", empty_disk, &disk_rows[1]);
        return 1;
    }
    for (size_t i = 0; i < 2; i++) {
        size_t length = strlen(disks[i].group);
        if (!disks[i].device || strncmp(name, disks[i].group, length) != 0 || name[length] != '-')
            continue;
        for (size_t row = 0; row < sizeof disk_rows / sizeof *disk_rows; row++) {
            if (strcmp(name + length + 1, disk_rows[row].name) == 0) {
                run_disk(name, disks[i].group, disks[i].device, &disk_rows[row]);
                return 1;
            }
        }
    }
    return 0;
}

/* Network -------------------------------------------------------------------------------------------------------------------- */

static void set_mtu(int mtu)
{
    struct ifreq request = { .ifr_name = "eth0", .ifr_mtu = mtu };
    int any = socket(AF_INET, SOCK_DGRAM, 0);
    if (any < 0 || ioctl(any, SIOCSIFMTU, &request) != 0)
        fail("the MTU");
    close(any);
}

static int reach_server(void)
{
    char address[64];
    strncpy(address, server, sizeof address - 1);
    address[sizeof address - 1] = 0;
    char *colon = strchr(address, ':');
    if (!colon)
        fail(server);
    *colon = 0;
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1)) };
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1 || connection < 0 || connect(connection, (struct sockaddr *)&to, sizeof to) != 0)
        fail(server);
    return connection;
}

static void send_all(int connection, const void *data, size_t bytes)
{
    for (const uint8_t *at = data; bytes > 0;) {
        size_t part = bytes < LargeBlock / 4 ? bytes : LargeBlock / 4;
        ssize_t sent = send(connection, at, part, 0);
        if (sent <= 0)
            fail("sending");
        at += sent;
        bytes -= (size_t)sent;
    }
}

static void receive_all(int connection, void *data, size_t bytes)
{
    for (uint8_t *at = data; bytes > 0;) {
        size_t part = bytes < LargeBlock / 4 ? bytes : LargeBlock / 4;
        ssize_t received = recv(connection, at, part, 0);
        if (received <= 0)
            fail("receiving");
        at += received;
        bytes -= (size_t)received;
    }
}

/* The server is told which way, how long a pass is and how many there are. Guest sends: it answers with a byte when it has all.
   Last, either way, it says the checksum of the last pass. */
static double converse(int sends, uint8_t *data, uint64_t bytes, uint64_t passes)
{
    uint64_t order[3] = { (uint64_t)sends, bytes, passes }, sum;
    uint8_t done;
    int connection = reach_server();
    double start = seconds();
    send_all(connection, order, sizeof order);
    for (uint64_t pass = 0; pass < passes; pass++) {
        if (sends)
            send_all(connection, data, bytes);
        else
            receive_all(connection, data, bytes);
    }
    if (sends)
        receive_all(connection, &done, 1);
    double time = seconds() - start;
    receive_all(connection, &sum, sizeof sum);
    close(connection);
    if (sum != checksum(data, bytes)) {
        errno = EBADMSG;
        fail("the checksum of what went over the network");
    }
    return time;
}

static int try_network(const char *name)
{
    int sends = strncmp(name, "net-send", 8) == 0;
    const char *rest = sends ? name + 8 : strncmp(name, "net-receive", 11) == 0 ? name + 11 : "?";
    int is_small = strcmp(rest, "-1500") == 0;
    if (!server || (*rest && !is_small))
        return 0;
    uint8_t *data = allocate(NetLength);
    set_mtu(is_small ? DefaultMtu : LargeMtu);
    if (sends)
        fill(data, NetLength, 11);
    converse(sends, data, NetLength / 4, 1);
    double time = converse(sends, data, NetLength, is_small ? 1 : LargeNetPasses);
    report(name, "network", time, checksum(data, NetLength));
    munmap(data, NetLength);
    return 1;
}

/* Screen --------------------------------------------------------------------------------------------------------------------- */

struct screen {
    int card;
    uint32_t picture;       /* the framebuffer object */
    uint32_t handle;        /* of its memory */
    uint8_t *pixels;
    size_t length;
};

static void call(const struct screen *screen, unsigned long request, void *argument, const char *what)
{
    if (ioctl(screen->card, request, argument) != 0)
        fail(what);
}

/* Shows a picture of the size that the screen likes best. */
static void show_picture(struct screen *screen)
{
    static struct drm_mode_modeinfo modes[64];
    static uint32_t connectors[16], crtcs[16];
    screen->card = open("/dev/dri/card0", O_RDWR);
    if (screen->card < 0)
        fail("/dev/dri/card0");
    struct drm_mode_card_res resources = {
        .connector_id_ptr = (uintptr_t)connectors, .count_connectors = 16, .crtc_id_ptr = (uintptr_t)crtcs, .count_crtcs = 16,
    };
    call(screen, DRM_IOCTL_MODE_GETRESOURCES, &resources, "GETRESOURCES");

    /* Asked without room for modes the connector looks for them anew. */
    struct drm_mode_get_connector connector = { .connector_id = connectors[0] };
    call(screen, DRM_IOCTL_MODE_GETCONNECTOR, &connector, "GETCONNECTOR");
    connector = (struct drm_mode_get_connector){ .connector_id = connectors[0], .modes_ptr = (uintptr_t)modes, .count_modes = 64 };
    call(screen, DRM_IOCTL_MODE_GETCONNECTOR, &connector, "GETCONNECTOR");
    struct drm_mode_create_dumb memory = { .width = modes[0].hdisplay, .height = modes[0].vdisplay, .bpp = 32 };
    call(screen, DRM_IOCTL_MODE_CREATE_DUMB, &memory, "CREATE_DUMB");
    struct drm_mode_fb_cmd picture = {
        .width = memory.width, .height = memory.height, .pitch = memory.pitch, .bpp = 32, .depth = 24, .handle = memory.handle,
    };
    call(screen, DRM_IOCTL_MODE_ADDFB, &picture, "ADDFB");
    struct drm_mode_map_dumb map = { .handle = memory.handle };
    call(screen, DRM_IOCTL_MODE_MAP_DUMB, &map, "MAP_DUMB");
    screen->pixels = mmap(NULL, memory.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, screen->card, (off_t)map.offset);
    if (screen->pixels == MAP_FAILED)
        fail("mmap");
    screen->length = memory.size;
    screen->handle = memory.handle;
    screen->picture = picture.fb_id;
    struct drm_mode_crtc crtc = {
        .crtc_id = crtcs[0], .fb_id = picture.fb_id, .set_connectors_ptr = (uintptr_t)connectors, .count_connectors = 1, .mode = modes[0],
        .mode_valid = 1,
    };
    call(screen, DRM_IOCTL_MODE_SETCRTC, &crtc, "SETCRTC");
}

static void flush_picture(const struct screen *screen)
{
    struct drm_mode_fb_dirty_cmd dirty = { .fb_id = screen->picture };
    call(screen, DRM_IOCTL_MODE_DIRTYFB, &dirty, "DIRTYFB");
}

/* The card answers commands in their order, and the driver does not wait for those of a flush: a resource that is made with a fence
   is there when all before it has been done. */
static void wait_for_card(const struct screen *screen)
{
    struct drm_virtgpu_resource_create create = {
        .target = 2, .format = 1, .bind = 1 << 1, .width = 16, .height = 16, .depth = 1, .array_size = 1, .size = 4096,
    };
    call(screen, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, &create, "RESOURCE_CREATE");
    struct drm_virtgpu_3d_wait wait = { .handle = create.bo_handle };
    call(screen, DRM_IOCTL_VIRTGPU_WAIT, &wait, "WAIT");
    struct drm_gem_close close = { .handle = create.bo_handle };
    call(screen, DRM_IOCTL_GEM_CLOSE, &close, "GEM_CLOSE");
}

static void show_frames(const struct screen *screen, const uint8_t *picture, int frames)
{
    for (int frame = 0; frame < frames; frame++) {
        /* Moves down by a line each time. */
        if (picture)
            memcpy(screen->pixels, picture + frame % 256 * 4096, screen->length);
        flush_picture(screen);
    }
    wait_for_card(screen);
}

static int try_screen(const char *name)
{
    int draws = strcmp(name, "screen-draw") == 0, frames = draws ? DrawnFrames : FlushedFrames;
    if (!draws && strcmp(name, "screen-flush") != 0)
        return 0;
    struct screen screen;
    show_picture(&screen);
    uint8_t *picture = allocate(screen.length + Mebibyte);
    fill(picture, screen.length + Mebibyte, 17);
    show_frames(&screen, draws ? picture : NULL, frames / 4);
    double start = seconds();
    show_frames(&screen, draws ? picture : NULL, frames);
    double time = seconds() - start;
    report(name, "screen", time, mix(screen.length, checksum(screen.pixels, screen.length)));

    /* The card stays this program's until nothing has it open or mapped. */
    munmap(screen.pixels, screen.length);
    close(screen.card);
    munmap(picture, screen.length + Mebibyte);
    return 1;
}

int main(int argc, char **argv)
{
    const struct { const char *name; const char **value; } options[] = {
        { "--raw", &raw_disk }, { "--qcow2", &qcow2_disk }, { "--empty", &empty_disk }, { "--server", &server },
    };
    for (int i = 1; i < argc; i++) {
        int is_option = 0;
        for (size_t option = 0; option < sizeof options / sizeof *options && i + 1 < argc; option++) {
            if (strcmp(argv[i], options[option].name) == 0) {
                *options[option].value = argv[++i];
                is_option = 1;
                break;
            }
        }
        if (is_option)
            continue;
        if (!try_disk(argv[i]) && !try_network(argv[i]) && !try_screen(argv[i])) {
            fprintf(stderr, "programs: there is no row %s, or no device for it\n", argv[i]);
            return 2;
        }
    }
    return 0;
}
