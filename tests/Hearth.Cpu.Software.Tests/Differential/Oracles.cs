using Hearth.Fuzz.Oracle;

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
}
