"""The libraries that people train with: transformers, adapters and peft, unchanged.

All models are tiny and have random weights; a round trip through the hub must not change them.
"""
import adapters
import pytest
import torch
from adapters import AutoAdapterModel
from huggingface_hub import HfApi
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (AutoModel, AutoModelForSequenceClassification, AutoTokenizer, BertConfig,
                          BertForSequenceClassification, BertModel, BertTokenizerFast)

from hub import unique

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "light", "##s", "dim", "on", "off"]
TOKENS = torch.tensor([[2, 8, 5, 6, 7, 3]])


@pytest.fixture(autouse=True)
def signed_in(alice, monkeypatch):
    """The libraries find alice's token where they always look."""
    monkeypatch.setenv("HF_TOKEN", alice)


def configuration():
    return BertConfig(vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2,
                      num_attention_heads=2, intermediate_size=32, max_position_embeddings=32)


@pytest.fixture(scope="module")
def base(hub, alice, tmp_path_factory):
    """A base model with its tokenizer, hosted by the hub."""
    torch.manual_seed(1)
    name = "alice/tiny-bert"
    BertModel(configuration()).push_to_hub(name, token=alice)
    words = tmp_path_factory.mktemp("words") / "vocab.txt"
    words.write_text("\n".join(WORDS) + "\n")
    BertTokenizerFast(vocab_file=str(words)).push_to_hub(name, token=alice)
    return name


def same_weights(one, other):
    one, other = one.state_dict(), other.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def answer(model):
    """What a model computes for one sentence."""
    model.eval()
    with torch.no_grad():
        return model(TOKENS).logits


# transformers

def test_a_base_model_is_loaded_from_the_hub(base):
    first, second = AutoModel.from_pretrained(base), AutoModel.from_pretrained(base)
    assert same_weights(first, second)
    assert first.config.hidden_size == 16


def test_a_tokenizer_is_loaded_from_the_hub(base):
    assert AutoTokenizer.from_pretrained(base)("dim the lights")["input_ids"] == [2, 8, 5, 6, 7, 3]


def test_weights_come_back_bit_for_bit(hub):
    torch.manual_seed(2)
    model = BertForSequenceClassification(configuration())
    name = f"alice/{unique('classifier')}"
    model.push_to_hub(name)
    assert same_weights(model, AutoModelForSequenceClassification.from_pretrained(name))


def test_a_model_is_pushed_to_a_branch_and_loaded_from_it(hub):
    torch.manual_seed(3)
    name = f"alice/{unique('branched')}"
    BertModel(configuration()).push_to_hub(name)
    other = BertModel(configuration())
    other.push_to_hub(name, revision="experiment")
    assert same_weights(other, AutoModel.from_pretrained(name, revision="experiment"))
    assert not same_weights(other, AutoModel.from_pretrained(name))


def test_old_weights_without_safetensors_are_loaded(hub):
    model = BertModel(configuration())
    name = f"alice/{unique('old')}"
    model.push_to_hub(name, safe_serialization=False)
    assert "pytorch_model.bin" in HfApi().list_repo_files(name)
    assert same_weights(model, AutoModel.from_pretrained(name))


def test_weights_in_several_files_are_loaded(hub):
    model = BertModel(configuration())
    name = f"alice/{unique('sharded')}"
    model.push_to_hub(name, max_shard_size="5KB")
    assert "model.safetensors.index.json" in HfApi().list_repo_files(name)
    assert same_weights(model, AutoModel.from_pretrained(name))


def test_a_private_model_needs_a_token(hub, monkeypatch):
    name = f"alice/{unique('private')}"
    model = BertModel(configuration())
    model.push_to_hub(name, private=True)
    with pytest.raises(OSError, match="not a valid model identifier|gated|private"):
        AutoModel.from_pretrained(name, token=False)
    assert same_weights(model, AutoModel.from_pretrained(name))


def test_a_famous_name_leads_to_a_model_of_this_hub(hub, base):
    hub.administer("alias", "bert-base-uncased", base)
    assert same_weights(AutoModel.from_pretrained("bert-base-uncased"), AutoModel.from_pretrained(base))
    assert AutoTokenizer.from_pretrained("bert-base-uncased")("dim")["input_ids"] == [2, 8, 3]


# adapters

def model_with_adapter(base, method):
    """A model with an adapter and a head that are not what they begin with."""
    torch.manual_seed(4)
    model = AutoAdapterModel.from_pretrained(base)
    model.add_adapter("intent", config=method)
    model.add_classification_head("intent", num_labels=3)
    model.set_active_adapters("intent")
    for name, parameter in model.named_parameters():
        if "intent" in name:
            torch.nn.init.normal_(parameter, std=0.5)
    return model


@pytest.mark.parametrize("method", ["seq_bn", "lora", "prefix_tuning", "ia3"])
def test_an_adapter_is_pushed_loaded_and_computes_the_same(hub, base, method):
    model = model_with_adapter(base, method)
    name = f"alice/{unique('adapter')}"
    model.push_adapter_to_hub(name, "intent", datasets_tag="clinc_oos")
    other = AutoAdapterModel.from_pretrained(base)
    loaded = other.load_adapter(name, set_active=True)
    assert loaded == "intent"
    assert torch.equal(answer(model), answer(other))
    assert not torch.equal(answer(model), answer(model_with_adapter_removed(other)))


def model_with_adapter_removed(model):
    """The same head on the base alone: that the adapter had a part in what was computed."""
    model.set_active_adapters(None)
    model.active_head = "intent"
    return model


def test_adapters_are_listed_with_their_base_model(hub, base):
    name = f"alice/{unique('listed')}"
    model_with_adapter(base, "seq_bn").push_adapter_to_hub(name, "intent", datasets_tag="clinc_oos")
    listed = {info.adapter_id: info for info in adapters.list_adapters()}
    assert listed[name].username == "alice" and listed[name].source == "hf"
    assert listed[name].sha1_checksum == HfApi().model_info(name).sha


def test_an_adapter_is_described(hub, base):
    name = f"alice/{unique('described')}"
    model_with_adapter(base, "seq_bn").push_adapter_to_hub(name, "intent", datasets_tag="clinc_oos")
    info = adapters.get_adapter_info(name)
    assert info.adapter_id == name and info.model_name == base
    assert adapters.get_adapter_info("alice/nothing-of-the-kind") is None


def test_an_adapter_can_be_found_by_what_it_is(hub, base):
    name = f"alice/{unique('found')}"
    model_with_adapter(base, "seq_bn").push_adapter_to_hub(name, "intent", datasets_tag="clinc_oos")
    for tag in ("adapters", "adapter-transformers", "dataset:clinc_oos", f"base_model:{base}",
                f"base_model:adapter:{base}"):
        assert name in [model.id for model in HfApi().list_models(filter=tag)], tag


def test_an_adapter_is_pushed_again(hub, base):
    name = f"alice/{unique('again')}"
    model_with_adapter(base, "seq_bn").push_adapter_to_hub(name, "intent", datasets_tag="clinc_oos")
    changed = model_with_adapter(base, "seq_bn")
    for name_of, parameter in changed.named_parameters():
        if "intent" in name_of:
            torch.nn.init.normal_(parameter, std=0.1)
    changed.push_adapter_to_hub(name, "intent", datasets_tag="clinc_oos")
    other = AutoAdapterModel.from_pretrained(base)
    other.load_adapter(name, set_active=True)
    assert torch.equal(answer(changed), answer(other))


def test_all_adapters_of_a_model_are_pushed(hub, base):
    model = model_with_adapter(base, "seq_bn")
    model.add_adapter("second", config="lora")
    name = f"alice/{unique('all')}"
    model.push_adapter_to_hub(name, "intent", datasets_tag="clinc_oos", private=True)
    assert HfApi().model_info(name).private


# peft

def test_a_peft_adapter_is_pushed_loaded_and_computes_the_same(hub, base):
    torch.manual_seed(5)
    wanted = LoraConfig(task_type="SEQ_CLS", r=4, target_modules=["query", "value"],
                        init_lora_weights=False)
    plain = AutoModelForSequenceClassification.from_pretrained(base, num_labels=3)
    model = get_peft_model(plain, wanted)
    name = f"alice/{unique('lora')}"
    model.push_to_hub(name)
    expected = answer(model)

    fresh = AutoModelForSequenceClassification.from_pretrained(base, num_labels=3)
    loaded = PeftModel.from_pretrained(fresh, name)
    assert loaded.peft_config["default"].base_model_name_or_path == base
    assert torch.equal(answer(loaded), expected)

    # transformers sees an adapter, and fetches the base model that it names from the same hub.
    whole = AutoModelForSequenceClassification.from_pretrained(name, num_labels=3)
    assert torch.equal(answer(whole), expected)


def test_a_peft_adapter_can_be_found_by_what_it_is(hub, base):
    model = get_peft_model(AutoModel.from_pretrained(base),
                           LoraConfig(r=2, target_modules=["query"]))
    name = f"alice/{unique('peft')}"
    model.push_to_hub(name)
    for tag in ("peft", "method:lora", f"base_model:adapter:{base}"):
        assert name in [found.id for found in HfApi().list_models(filter=tag)], tag
    info = HfApi().model_info(name)
    assert info.config["peft"]["base_model_name_or_path"] == base
    facts = hub.get(f"/api/models/{name}").json["adapter"]
    assert facts["library"] == "peft" and facts["base_model"] == base
    assert "inspect" not in (facts["name"] or ""), "a name that only the hub itself knows"
