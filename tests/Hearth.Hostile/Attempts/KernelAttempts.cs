using Hearth.Hostile.Interop;

namespace Hearth.Hostile.Attempts;

/// <summary>To call parts of the kernel where others found holes.</summary>
internal static class KernelAttempts
{
    public static IEnumerable<Attempt> All =>
    [
        new("keyctl", () => RawCall.Make(250, 0, -3, 1)),
        new("add a key", () => RawCall.MakeWith("user", kind => RawCall.Make(248, kind, kind, kind, 4, -3))),
        new("bpf", () => RawCall.MakeWith([1, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1], attribute => RawCall.Make(321, 0, attribute, 72))),
        new("perf_event_open", () => RawCall.MakeWith([1, 0, 0, 0, 112], attribute => RawCall.Make(298, attribute, 0, -1, -1, 0))),
        new("io_uring_setup", () => RawCall.MakeWith([], parameters => RawCall.Make(425, 4, parameters))),
        new("userfaultfd", () => RawCall.Make(323, 1)),
        new("io_setup", () => RawCall.MakeWith([], context => RawCall.Make(206, 1, context))),
        new("load a module", () => RawCall.MakeWith("", options => RawCall.Make(313, GivenNumber.ReadOnlyFile, options, 0))),
        new("load a kernel", () => RawCall.Make(246, 0, 0, 0, 0)),
        new("read the kernel's log", () => RawCall.Make(103, 10, 0, 0)),
        new("modify the descriptor table", () => RawCall.MakeWith([], entry => RawCall.Make(154, 1, entry, 16))),
        new("make System V memory", () => RawCall.Make(29, 0, 4096, 0x3FF)),
        new("make System V messages", () => RawCall.Make(68, 0, 0x3FF)),
        new("make System V semaphores", () => RawCall.Make(64, 0, 1, 0x3FF)),
        new("open a message queue", () => RawCall.MakeWith("queue", name => RawCall.Make(240, name, 0x42, 0x1FF, 0))),
        new("make a timer", () => RawCall.MakeWith([], timer => RawCall.Make(222, 0, 0, timer))),
        new("make secret memory", () => RawCall.Make(447, 0)),
        new("take a descriptor of a process", () => RawCall.Make(438, GivenNumber.ReadOnlyFile, 0, 0)),
        new("read by vmsplice", () => RawCall.MakeWith([], vector => RawCall.Make(278, GivenNumber.Report, vector, 1, 0))),
        new("splice", () => RawCall.Make(275, GivenNumber.ReadOnlyFile, 0, GivenNumber.Report, 0, 1, 0)),
        new("use the numbers of x32", () => RawCall.Make(0x4000_0000 | 39)),
        new("make a call that is not there", () => RawCall.Make(1000)),
    ];
}
