using System.Text.RegularExpressions;

namespace Hearth.Boot.Tests;

/// <summary>
/// What a kernel writes when the machine under it misbehaves. Each pattern names a thing that is right on a sound PC; messages about
/// what a small initramfs leaves out (no root password, no firmware files, no TPM) are none of these. Nor are the kernel's first tries at
/// measuring the TSC ("Fast TSC calibration failed", "Unable to calibrate against PIT") and "hrtimer: interrupt took": on a host busy with
/// other tests a vCPU waits for its turn, and the kernel sees that time pass.
/// </summary>
internal static partial class BrokenHardware
{
    public static IReadOnlyList<string> FindIn(HearthOutcome outcome) => [.. outcome.Lines.Where(line => Patterns().IsMatch(line))];

    [GeneratedRegex("""
        BUG:|WARNING:|Oops|\bCall\ Trace|kernel\ panic|general\ protection|invalid\ opcode|divide\ error|segfault|traps:
        |Hardware\ Error|Machine\ check|mce:\ \[
        |Firmware\ Bug|Firmware\ Warn|ACPI\ (BIOS\ )?(Error|Warning)|ACPI:.*(invalid|incorrect|mismatch)|MP-BIOS\ bug
        |nobody\ cared|spurious\ .*interrupt|lost\ interrupt|do_IRQ|No\ irq\ handler|IO-APIC.*not\ connected
        |APIC\ .*(error|not\ connected|calibration)|APIC\ timer.*(wrong|disabled|does\ not)|unexpected\ IRQ
        |TSC\ unstable|as\ unstable|clocksource.*(skew|delta)|calibration\ not\ consistent|calibrate_delay_direct.*failed|hpet.*(lost|warn)
        |rcu:.*(stall|kthread\ starved)|soft\ lockup|hard\ LOCKUP|blocked\ for\ more\ than|watchdog:\ BUG
        |unchecked\ MSR|x86/fpu:.*(fail|mismatch|inconsist)|CPU.*(failed\ to|not\ responding|stuck)|smpboot:.*(fail|error)
        |i8042:.*(fail|error|timeout|No\ controller)|serial.*(fail|too\ much\ work)|rtc.*(fail|invalid|error)
        |pci.*(can't|cannot|failed|BAR\ .*(no\ space|overlap)|conflict)|resource\ sanity|virtio.*(fail|error|bad|timeout)
        |I/O\ error|Buffer\ I/O|blk_update_request|tx\ timeout|transmit\ queue.*timed\ out|bad\ gso
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.IgnoreCase)]
    private static partial Regex Patterns();
}
