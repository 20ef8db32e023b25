namespace Hearth.Proving.Bochs;

/// <summary>The file that says what machine bochs is (bochsrc(5)).</summary>
internal static class BochsConfiguration
{
    /// <summary>Has VMX with EPT, VPID and unrestricted guests.</summary>
    private const string Model = "corei7_haswell_4770";

    /// <summary>
    /// Instructions a second of the machine's own time: <c>sync=none</c> counts nothing but instructions, so that a busy host is not seen inside, and passes
    /// over the time for which the processor is halted. Twice what bochs does: fewer, and the ticks of two kernels leave little for programs; more, and
    /// what waits for a device in a loop (characters for the serial port, calibrations) takes that many more.
    /// </summary>
    private const int InstructionsPerSecond = 50_000_000;

    /// <param name="memory">In MiB.</param>
    public static string Text(BochsProgram bochs, int memory, BootDisk disk, string serial) => $"""
        display_library: rfb, options="timeout=0"
        cpu: model={Model}, count=1, ips={InstructionsPerSecond}, reset_on_triple_fault=0
        clock: sync=none, time0=utc
        memory: guest={memory}, host={memory}
        romimage: file={bochs.Bios}
        vgaromimage: file={bochs.VideoBios}
        vga: update_freq=1
        plugin_ctrl: biosdev=0, gameport=0, parallel=0, speaker=0
        ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
        ata0-master: type=disk, path="{disk.Path}", mode=flat, cylinders={disk.Cylinders}, heads={BootDisk.Heads}, spt={BootDisk.SectorsPerTrack}
        boot: disk
        com1: enabled=1, mode=file, dev="{serial}"
        panic: action=fatal
        error: action=ignore
        info: action=ignore
        debug: action=ignore

        """;

    /// <summary>What the debugger runs at once: Debian's bochs is built with it, and stops before the first instruction.</summary>
    public static string DebuggerCommands => "c\n";
}
