using Hearth.Fuzz.Oracle;
using Hearth.Fuzz.State;

namespace Hearth.Cpu.Software.Tests.Differential;

internal static class Oracles
{
    /// <summary>The host's processor, or a visible skip where this process may not trace a child.</summary>
    public static NativeProcessor Start()
    {
        try
        {
            return new NativeProcessor();
        }
        catch (OracleException exception)
        {
            Assert.Skip($"no oracle: {exception.Message}");
            throw;
        }
    }

    /// <summary>The host's processor, or a visible skip where it cannot run code of a mode.</summary>
    public static NativeProcessor Start(CodeMode mode)
    {
        NativeProcessor host = Start();
        try
        {
            Require(mode);
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>A visible skip where the host's processor cannot run code of a mode.</summary>
    public static void Require(CodeMode mode)
    {
        string? reason = HostLimits.ReasonFor(mode);
        Assert.SkipUnless(reason is null, $"no oracle: {reason}");
    }
}
