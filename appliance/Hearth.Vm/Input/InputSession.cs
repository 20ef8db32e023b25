namespace Hearth.Vm.Input;

/// <summary>Events reach the guest's devices while this lasts.</summary>
internal sealed class InputSession : IDisposable
{
    private readonly InputPump _pump;
    private readonly Typist _typist;

    public InputSession(InputPump pump, Typist typist)
    {
        _pump = pump;
        _typist = typist;
        typist.Start();
    }

    public void Dispose()
    {
        _typist.Dispose();
        _pump.Dispose();
    }
}
