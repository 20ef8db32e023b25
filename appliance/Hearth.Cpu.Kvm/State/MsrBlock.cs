using Hearth.Cpu.Kvm.Interop;

namespace Hearth.Cpu.Kvm;

/// <summary>Model-specific registers that are read by one call.</summary>
internal sealed class MsrBlock
{
    private readonly KvmList<kvm_msrs, kvm_msr_entry> _list;
    private readonly uint[] _indices;

    /// <param name="indices">Of registers that can be read.</param>
    public MsrBlock(IReadOnlyCollection<uint> indices)
    {
        _indices = [.. indices];
        _list = new KvmList<kvm_msrs, kvm_msr_entry>(_indices.Length);
    }

    /// <exception cref="Linux.LinuxException">The kernel refused.</exception>
    public IReadOnlyList<KeyValuePair<uint, ulong>> Read(KvmVcpuHandle vcpu)
    {
        _list.Head.nmsrs = (uint)_indices.Length;
        for (int i = 0; i < _indices.Length; i++)
            _list.Items[i] = new kvm_msr_entry { index = _indices[i] };
        vcpu.GetMsrs(_list, _indices.Length);
        var values = new KeyValuePair<uint, ulong>[_indices.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = new(_indices[i], _list.Items[i].data);
        return values;
    }
}
